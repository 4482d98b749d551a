package attest

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"path"
	"strings"
)

// cataloger finds the packages of one kind.
type cataloger struct {
	// name is what the document calls it, kind the type in package URLs.
	name, kind string
	// patterns lead to what it reads. {app} is the folder that the application lies in.
	patterns []string
	// parse returns the packages that a file says, which has been read unless byName; then only its name counts.
	parse  func(name string, text []byte) []found
	byName bool
}

// catalogers are those that there are.
var catalogers = []cataloger{
	{name: "dpkg", kind: "deb", patterns: []string{"/var/lib/dpkg/status", "/var/lib/dpkg/status.d/*"}, parse: parseDpkg},
	{name: "apk", kind: "apk", patterns: []string{"/lib/apk/db/installed", "/usr/lib/apk/db/installed"}, parse: parseApk},
	{name: "Python", kind: "pypi", byName: true, parse: parsePython, patterns: []string{
		"/usr/lib/python3/dist-packages/*.*-info", "/usr/lib/python3*/site-packages/*.*-info", "/usr/local/lib/python3*/*-packages/*.*-info",
		"/opt/*/lib/python3*/site-packages/*.*-info", "{app}/*/lib/python3*/site-packages/*.*-info",
	}},
	{name: "npm", kind: "npm", parse: parseNpm, patterns: []string{
		"/usr/share/nodejs/*/package.json", "/usr/lib/node_modules/*/package.json", "/usr/local/lib/node_modules/*/package.json",
		"{app}/node_modules/*/package.json", "{app}/node_modules/@*/*/package.json",
	}},
	{name: "RubyGems", kind: "gem", byName: true, parse: parseGem, patterns: []string{
		"/usr/share/rubygems-integration/*/specifications/*.gemspec", "/var/lib/gems/*/specifications/*.gemspec",
		"/usr/local/bundle/specifications/*.gemspec", "/usr/local/lib/ruby/gems/*/specifications/*.gemspec",
		"{app}/vendor/bundle/ruby/*/specifications/*.gemspec",
	}},
	{name: "CPAN", kind: "cpan", byName: true, parse: parseCPAN, patterns: []string{ // as cpanm and Carton note what they install
		"/usr/local/lib/*/perl/*/.meta/*", "/usr/local/lib/perl5/.meta/*", "/usr/local/lib/perl5/*/.meta/*",
		"/usr/local/lib/perl5/site_perl/*/*/.meta/*", "{app}/local/lib/perl5/*/.meta/*",
	}},
}

// run finds the packages in an image.
func (c cataloger) run(ctx context.Context, files Files, app string) (list []found, err error) {
	for _, pattern := range c.patterns {
		if strings.HasPrefix(pattern, "{app}") {
			if app == "" || app == "/" {
				continue
			}
			pattern = strings.Replace(pattern, "{app}", path.Clean("/"+app), 1)
		}
		names, err := glob(ctx, files, pattern)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			var text []byte
			if !c.byName {
				if text, err = files.ReadFile(ctx, name); errors.Is(err, fs.ErrNotExist) {
					continue // a link that leads nowhere, or a folder
				}
			}
			if err != nil {
				return nil, err
			}
			for _, f := range c.parse(name, text) {
				f.kind, f.where = c.kind, name
				list = append(list, f)
			}
		}
	}
	return list, nil
}

// parseDpkg reads the paragraphs of dpkg's status file, of those packages that are installed.
func parseDpkg(_ string, text []byte) (list []found) {
	for paragraph := range strings.SplitSeq(string(text), "\n\n") {
		f := fields(paragraph, ": ")
		status := strings.Fields(f["Status"]) // none in the files of distroless images
		if f["Package"] != "" && (len(status) == 0 || status[len(status)-1] == "installed") {
			list = append(list, found{name: f["Package"], version: f["Version"], arch: f["Architecture"]})
		}
	}
	return list
}

// parseApk reads the paragraphs of apk's database.
func parseApk(_ string, text []byte) (list []found) {
	for paragraph := range strings.SplitSeq(string(text), "\n\n") {
		if f := fields(paragraph, ":"); f["P"] != "" {
			list = append(list, found{name: f["P"], version: f["V"], arch: f["A"]})
		}
	}
	return list
}

// fields are the first lines of a paragraph's fields.
func fields(paragraph, separator string) map[string]string {
	m := map[string]string{}
	for line := range strings.Lines(paragraph) {
		k, v, ok := strings.Cut(strings.TrimRight(line, "\n"), separator)
		if _, twice := m[k]; ok && !twice && !strings.HasPrefix(line, " ") {
			m[k] = v
		}
	}
	return m
}

// parsePython takes NAME-VERSION.dist-info and NAME-VERSION[-pyX].egg-info.
func parsePython(name string, _ []byte) []found {
	base, kind, _ := strings.Cut(path.Base(name), ".dist-info")
	if kind == "" && !strings.HasSuffix(name, ".dist-info") {
		base, _, _ = strings.Cut(path.Base(name), ".egg-info")
	}
	parts := strings.SplitN(base, "-", 3)
	if len(parts) < 2 {
		return nil
	}
	return []found{{name: parts[0], version: parts[1]}}
}

// parseNpm takes name and version of a package.json.
func parseNpm(_ string, text []byte) []found {
	var p struct{ Name, Version string }
	if json.Unmarshal(text, &p) != nil || p.Name == "" || p.Version == "" {
		return nil // files of that name for tests and tools may be anything
	}
	return []found{{name: p.Name, version: p.Version}}
}

// parseGem takes NAME-VERSION[-PLATFORM].gemspec.
func parseGem(name string, _ []byte) []found {
	list := lastDash(strings.TrimSuffix(path.Base(name), ".gemspec"))
	for i := range list {
		list[i].version, list[i].arch, _ = strings.Cut(list[i].version, "-")
	}
	return list
}

// parseCPAN takes NAME-VERSION, the name of a distribution's folder.
func parseCPAN(name string, _ []byte) []found { return lastDash(path.Base(name)) }

// lastDash takes NAME-VERSION[-MORE], where a version is what begins with a digit, or with v and a digit.
func lastDash(text string) []found {
	for i := range text {
		rest := text[i+1:]
		if text[i] != '-' || i == 0 || rest == "" {
			continue
		}
		if d := strings.TrimPrefix(rest, "v"); d != "" && d[0] >= '0' && d[0] <= '9' {
			return []found{{name: text[:i], version: rest}}
		}
	}
	return nil
}
