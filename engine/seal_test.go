package engine

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"gotest.tools/v3/assert"
	"gotest.tools/v3/golden"
)

func TestSealedConfig(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("testdata", "image-config.json"))
	assert.NilError(t, err)
	spec := SealSpec{
		Layers: "docker-bmo/demo-db:0123456789ab-raw1", Config: "docker-bmo/demo-db:0123456789ab-built",
		Labels:     map[string]string{"docker-bmo.role": "snapshot", "docker-bmo.key": "0123456789ab"},
		DropPrefix: "docker-bmo.", Comment: "docker bmo bootstrap",
		Created: time.Date(2024, 2, 29, 13, 0, 0, 5, time.FixedZone("CET", 3600)),
	}
	built := spec
	built.Layers = built.Config
	for _, c := range []struct {
		name string
		raw  string
		spec SealSpec
	}{
		{"committed", string(raw), spec},
		{"as-built", string(raw), built},
		{"empty", `{}`, spec},
		{"nulls", `{"config": {"Labels": null, "Volumes": null}, "history": null}`, spec},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, err := sealedConfig([]byte(c.raw), c.spec)
			assert.NilError(t, err)
			var indented bytes.Buffer
			assert.NilError(t, json.Indent(&indented, b, "", "  "))
			golden.Assert(t, indented.String()+"\n", "sealed-"+c.name+".golden")
		})
	}
	_, err = sealedConfig([]byte("no json"), spec)
	assert.ErrorContains(t, err, "image configuration of docker-bmo/demo-db:0123456789ab-built: ")
}
