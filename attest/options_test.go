package attest

import (
	"testing"

	"gotest.tools/v3/assert"
)

// TestOptions: the values are those of buildx.
func TestOptions(t *testing.T) {
	for _, c := range []struct {
		attests    []string
		provenance string
		sbom       string
		want       Options
	}{
		{nil, "", "", Options{Provenance: true}},
		{nil, "true", "", Options{Provenance: true, Asked: true}},
		{nil, "false", "", Options{}},
		{nil, "mode=min,version=v1,builder-id=https://ci.example/1", "", Options{Provenance: true, Builder: "https://ci.example/1", Asked: true}},
		{[]string{"type=provenance,disabled=true"}, "", "", Options{}},
		{[]string{"type=provenance"}, "", "", Options{Provenance: true, Asked: true}},
		{nil, "false", "true", Options{SBOM: true, Asked: true}},
		{nil, "", "generator=scanner:1", Options{Provenance: true, SBOM: true, Scanner: "scanner:1", Asked: true}},
		{[]string{"type=sbom"}, "", "false", Options{Provenance: true, Asked: true}},
	} {
		got, err := ParseOptions(c.attests, c.provenance, c.sbom)
		assert.NilError(t, err)
		assert.DeepEqual(t, got, c.want)
	}
	for text, why := range map[string]string{
		"mode=max": `mode is "max"`, "version=v0.2": `version is "v0.2"`, "inline-only=true": `no attribute "inline-only"`,
		"disabled=perhaps": `disabled is "perhaps"`, "min": "want type=TYPE", `"`: "want type=TYPE",
	} {
		_, err := ParseOptions(nil, text, "")
		assert.ErrorContains(t, err, why)
	}
	_, err := ParseOptions(nil, "", "catalogers=all")
	assert.ErrorContains(t, err, `no attribute "catalogers"`)
	_, err = ParseOptions([]string{"type=vex"}, "", "")
	assert.ErrorContains(t, err, `no type "vex"`)
}
