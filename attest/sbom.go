package attest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
)

// Files are those of an image. What is not there is an fs.ErrNotExist.
type Files interface {
	ReadFile(ctx context.Context, name string) ([]byte, error)
	ReadDir(ctx context.Context, name string) (names []string, err error)
}

// SBOMRequest says of what to make a software bill of materials.
type SBOMRequest struct {
	Files Files
	// WorkingDir is where the application lies.
	WorkingDir string
	// Image and Digest are what the image is called, Created is when it was made.
	Image, Digest string
	Created       time.Time
}

// SBOM returns the SPDX document of an image: of the packages that the databases of package managers have, and the folders
// that packages of programming languages lie in. The document says where was looked, since nothing else is in it.
func SBOM(ctx context.Context, q SBOMRequest) (any, error) {
	system, err := readSystem(ctx, q.Files)
	if err != nil {
		return nil, err
	}
	var list []found
	var with, without []string
	for _, c := range catalogers {
		some, err := c.run(ctx, q.Files, q.WorkingDir)
		if err != nil {
			return nil, fmt.Errorf("read packages of %s: %w", c.name, err)
		}
		if len(some) == 0 {
			without = append(without, c.name)
			continue
		}
		for i := range some {
			some[i].system = system
		}
		some = distinct(some)
		with = append(with, fmt.Sprintf("%s (%d)", c.name, len(some)))
		list = append(list, some...)
	}
	comment := "Found packages of: " + orNone(with) + ". Looked for, and found none of: " + orNone(without) +
		". Not looked for: rpm, and programs and libraries that no package manager knows."
	return newDocument(q.Image, q.Digest, q.Created, list, comment), nil
}

// distinct returns packages sorted, each once.
func distinct(list []found) []found {
	slices.SortFunc(list, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.purl(), b.purl()), cmp.Compare(a.where, b.where))
	})
	return slices.CompactFunc(list, func(a, b found) bool { return a.purl() == b.purl() })
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "nothing"
	}
	return strings.Join(list, ", ")
}

// found is a package.
type found struct {
	kind, name, version, arch string
	where                     string
	system                    system
}

// system is the distribution that packages belong to.
type system struct{ id, release string }

// readSystem reads os-release.
func readSystem(ctx context.Context, files Files) (s system, err error) {
	for _, name := range []string{"/etc/os-release", "/usr/lib/os-release"} {
		text, err := files.ReadFile(ctx, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return s, err
		}
		for line := range strings.Lines(string(text)) {
			k, v, _ := strings.Cut(strings.TrimSpace(line), "=")
			switch v = strings.Trim(v, `"'`); k {
			case "ID":
				s.id = v
			case "VERSION_ID":
				s.release = v
			}
		}
		return s, nil
	}
	return s, nil
}

// purl returns the package's URL.
func (f found) purl() string {
	name, qualifiers := escape(f.name), url.Values{}
	switch f.kind {
	case "deb", "apk":
		name = cmp.Or(escape(f.system.id), map[string]string{"deb": "debian", "apk": "alpine"}[f.kind]) + "/" + name
		if f.arch != "" {
			qualifiers.Set("arch", f.arch)
		}
		if f.system.id != "" && f.system.release != "" {
			qualifiers.Set("distro", f.system.id+"-"+f.system.release)
		}
	case "gem":
		if f.arch != "" {
			qualifiers.Set("platform", f.arch)
		}
	case "npm":
		if scope, rest, ok := strings.Cut(f.name, "/"); ok {
			name = escape(scope) + "/" + escape(rest)
		}
	case "pypi":
		name = escape(strings.ToLower(strings.ReplaceAll(f.name, "_", "-")))
	}
	text := "pkg:" + f.kind + "/" + name
	if f.version != "" {
		text += "@" + escape(f.version)
	}
	if len(qualifiers) > 0 {
		text += "?" + qualifiers.Encode()
	}
	return text
}

// escape escapes a part of a package's URL.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "%3A", ":") }

// maxMatches is how many files one pattern may lead to.
const maxMatches = 20000

// glob returns the files and folders that match a pattern, sorted. Only folders on the way are read, none below.
func glob(ctx context.Context, files Files, pattern string) (list []string, err error) {
	list = []string{"/"}
	parts := strings.Split(strings.Trim(pattern, "/"), "/")
	for i, part := range parts {
		if !strings.ContainsAny(part, "*?[") && i < len(parts)-1 {
			for j := range list {
				list[j] = path.Join(list[j], part)
			}
			continue
		}
		var next []string
		for _, dir := range list {
			names, err := files.ReadDir(ctx, dir)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, err
			}
			for _, name := range names {
				if ok, _ := path.Match(part, name); ok {
					next = append(next, path.Join(dir, name))
				}
			}
		}
		if list = next; len(list) > maxMatches {
			return nil, fmt.Errorf("more than %d files match %s", maxMatches, pattern)
		}
	}
	return list, nil
}
