package build

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/distribution/reference"
	bkclient "github.com/moby/buildkit/client"
	buildctl "github.com/moby/buildkit/cmd/buildctl/build"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Cache is where layers are imported from and exported to, in addition to BuildKit's own cache.
type Cache struct {
	From, To []bkclient.CacheOptionsEntry
}

// ParseCache parses the values of buildx's --cache-from and --cache-to: "type=local,src=DIR", "type=registry,ref=REF"
// and so on, or just REF.
func ParseCache(from, to []string) (Cache, error) {
	imports, err := parsed("--cache-from", from, buildctl.ParseImportCache)
	if err != nil {
		return Cache{}, err
	}
	exports, err := parsed("--cache-to", to, buildctl.ParseExportCache)
	if err != nil {
		return Cache{}, err
	}
	for _, e := range slices.Concat(imports, exports) {
		if _, err := forService(e, "x"); err != nil {
			return Cache{}, err
		}
	}
	return Cache{From: imports, To: exports}, nil
}

// parsed has buildctl parse a flag's values. A bare reference is expanded first, as in buildx: buildctl would take
// every value without a type for one.
func parsed(flag string, words []string, parse func([]string) ([]bkclient.CacheOptionsEntry, error)) ([]bkclient.CacheOptionsEntry, error) {
	var full []string
	for _, w := range words {
		switch {
		case !strings.Contains(w, "="):
			w = "type=registry,ref=" + w
		case !strings.HasPrefix(w, "type=") && !strings.Contains(w, ",type="):
			return nil, fmt.Errorf("invalid %s %q: type is missing: want type=local, type=registry or another", flag, w)
		}
		full = append(full, w)
	}
	list, err := parse(full)
	if err != nil {
		return nil, fmt.Errorf("invalid %s: %w", flag, err)
	}
	return list, nil
}

// NeedsContainerdStore reports whether there is an export that the engine's older image store does not support.
func (c Cache) NeedsContainerdStore() bool {
	return slices.ContainsFunc(c.To, func(e bkclient.CacheOptionsEntry) bool { return e.Type != "inline" })
}

// forTarget returns the part of the cache that belongs to one image of the stack. BuildKit keeps the cache of one build
// under one name, so each image gets a name of its own.
func (c Cache) forTarget(name string) (from, to []bkclient.CacheOptionsEntry, err error) {
	if from, err = eachForService(c.From, name); err != nil {
		return nil, nil, err
	}
	from = slices.DeleteFunc(from, missing)
	to, err = eachForService(c.To, name)
	return from, to, err
}

// missing reports whether an entry refers to a folder without a cache, as in the very first build.
func missing(e bkclient.CacheOptionsEntry) bool {
	if e.Type != "local" || e.Attrs["src"] == "" {
		return false
	}
	_, err := os.Stat(filepath.Join(e.Attrs["src"], ocispec.ImageIndexFile))
	return os.IsNotExist(err)
}

func eachForService(list []bkclient.CacheOptionsEntry, service string) ([]bkclient.CacheOptionsEntry, error) {
	var out []bkclient.CacheOptionsEntry
	for _, e := range list {
		own, err := forService(e, service)
		if err != nil {
			return nil, err
		}
		out = append(out, own)
	}
	return out, nil
}

// forService names an entry for one service: a folder below the given one, a tag that ends in the service's name, or
// the same in the attribute by which the other types are named.
func forService(e bkclient.CacheOptionsEntry, service string) (bkclient.CacheOptionsEntry, error) {
	own := bkclient.CacheOptionsEntry{Type: e.Type, Attrs: maps.Clone(e.Attrs)}
	switch e.Type {
	case "local":
		for _, key := range []string{"src", "dest"} {
			if dir := e.Attrs[key]; dir != "" {
				own.Attrs[key] = filepath.Join(dir, service)
			}
		}
	case "registry":
		ref, err := taggedFor(e.Attrs["ref"], service)
		if err != nil {
			return own, err
		}
		own.Attrs["ref"] = ref
	case "gha":
		own.Attrs["scope"] = suffixed(e.Attrs["scope"], service)
	case "s3", "azblob":
		own.Attrs["name"] = suffixed(e.Attrs["name"], service)
	}
	return own, nil
}

// taggedFor appends the service's name to a reference's tag: app:cache becomes app:cache-web.
func taggedFor(ref, service string) (string, error) {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return "", fmt.Errorf("invalid cache reference %q: %w", ref, err)
	}
	if _, ok := named.(reference.Digested); ok {
		return "", fmt.Errorf("invalid cache reference %q: a digest cannot name the caches of several images", ref)
	}
	tag := service
	if t, ok := named.(reference.Tagged); ok {
		tag = suffixed(t.Tag(), service)
	}
	tagged, err := reference.WithTag(reference.TrimNamed(named), tag)
	if err != nil {
		return "", fmt.Errorf("invalid cache reference %q: %w", ref, err)
	}
	return tagged.String(), nil
}

func suffixed(name, service string) string {
	if name == "" {
		return service
	}
	return name + "-" + service
}
