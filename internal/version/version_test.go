package version

import (
	"runtime/debug"
	"testing"

	"gotest.tools/v3/assert"
)

func TestFromBuild(t *testing.T) {
	const revision = "0123456789abcdef0123456789abcdef01234567"
	ours := func(version string, settings ...debug.BuildSetting) *debug.BuildInfo {
		return &debug.BuildInfo{Main: debug.Module{Path: module, Version: version}, Settings: settings}
	}
	set := func(key, value string) debug.BuildSetting { return debug.BuildSetting{Key: key, Value: value} }
	for name, c := range map[string]struct {
		info *debug.BuildInfo
		want string
	}{
		"no build information": {nil, "dev"},
		"a released module":    {ours("v0.1.0"), "v0.1.0"},
		"a module before its commit": {
			ours("v0.1.0", set("vcs.revision", revision), set("vcs.modified", "true")), "v0.1.0",
		},
		"a commit":       {ours("(devel)", set("vcs.revision", revision), set("vcs.modified", "false")), "0123456789ab"},
		"a changed tree": {ours("(devel)", set("vcs.revision", revision), set("vcs.modified", "true")), "0123456789ab-dirty"},
		"no repository":  {ours("(devel)"), "dev"},
		"a test binary":  {ours(""), "dev"},
		"the library in another program": {&debug.BuildInfo{
			Main: debug.Module{Path: "example.com/app", Version: "v3.0.0"},
			Deps: []*debug.Module{{Path: "example.com/other", Version: "v2.0.0"}, {Path: module, Version: "v0.2.0"}},
		}, "v0.2.0"},
		"another program's commit": {&debug.BuildInfo{
			Main:     debug.Module{Path: "example.com/app", Version: "(devel)"},
			Deps:     []*debug.Module{{Path: module, Version: "(devel)"}},
			Settings: []debug.BuildSetting{set("vcs.revision", revision)},
		}, "dev"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, fromBuild(c.info), c.want)
		})
	}
}
