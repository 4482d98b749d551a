// Package version holds the plugin's own version, set when it is linked or taken from its build information.
package version

import "runtime/debug"

const module = "github.com/docker-bmo/docker-bmo"

// Version is what `git describe` says of the tree that the plugin was built from, by -ldflags. Where those gave none,
// as for `go install` and in programs that use the library, it is what Go noted in the binary.
var Version string

func init() {
	if Version != "" {
		return
	}
	info, _ := debug.ReadBuildInfo()
	Version = fromBuild(info)
}

// fromBuild returns the version of our module, else the commit that the binary was built from, else "dev".
func fromBuild(info *debug.BuildInfo) string {
	if info == nil {
		return "dev"
	}
	for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
		if m.Path == module && m.Version != "" && m.Version != "(devel)" {
			return m.Version
		}
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	revision := settings["vcs.revision"]
	if info.Main.Path != module || revision == "" {
		// A commit of another module says nothing about ours.
		return "dev"
	}
	if settings["vcs.modified"] == "true" {
		return short(revision) + "-dirty"
	}
	return short(revision)
}

// short cuts a commit to the length that people read, or leaves what is shorter.
func short(revision string) string {
	return revision[:min(len(revision), 12)]
}
