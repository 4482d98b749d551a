package stack

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"
	"gotest.tools/v3/assert"
)

func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema))
	assert.NilError(t, err)
	c := jsonschema.NewCompiler()
	assert.NilError(t, c.AddResource("x-bmo.json", parsed))
	schema, err := c.Compile("x-bmo.json")
	assert.NilError(t, err)
	return schema
}

// validate checks a Compose file against the schema.
func validate(t *testing.T, schema *jsonschema.Schema, text []byte) error {
	t.Helper()
	var v any
	assert.NilError(t, yaml.Unmarshal(text, &v))
	raw, err := json.Marshal(v)
	assert.NilError(t, err)
	v, err = jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	assert.NilError(t, err)
	return schema.Validate(v)
}

// TestSchemaTakesWhatLoads: every stack of the repository, and the example of the documentation.
func TestSchemaTakesWhatLoads(t *testing.T) {
	schema := compiledSchema(t)
	var files []string
	for _, pattern := range []string{"../dockerfiles/*/*.yaml", "../examples/*/*.yaml", "../e2e/testdata/*/compose.yaml"} {
		found, err := filepath.Glob(pattern)
		assert.NilError(t, err)
		files = append(files, found...)
	}
	assert.Assert(t, len(files) > 4)
	for _, file := range files {
		text, err := os.ReadFile(file)
		assert.NilError(t, err)
		assert.NilError(t, validate(t, schema, text), file)
	}
	assert.NilError(t, validate(t, schema, []byte(notes)))
	for _, block := range yamlBlock.FindAllStringSubmatch(readDocs(t), -1) {
		assert.NilError(t, validate(t, schema, []byte(block[1])), block[1])
	}
}

// TestSchemaKnowsEveryKey: those that the decoder knows, and no other.
func TestSchemaKnowsEveryKey(t *testing.T) {
	schema := map[string]bool{}
	var v any
	assert.NilError(t, json.Unmarshal(Schema, &v))
	propertyNames(v, schema)
	for _, outer := range []string{"services", "x-bmo"} {
		delete(schema, outer)
	}
	assert.DeepEqual(t, schema, extensionKeys())
}

// propertyNames adds the keys of all objects that a schema describes.
func propertyNames(v any, found map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		if properties, ok := v["properties"].(map[string]any); ok {
			for name := range properties {
				found[name] = true
			}
		}
		for _, below := range v {
			propertyNames(below, found)
		}
	case []any:
		for _, below := range v {
			propertyNames(below, found)
		}
	}
}

func TestSchemaRefusesWhatDoesNotLoad(t *testing.T) {
	schema := compiledSchema(t)
	for _, text := range []string{
		"x-bmo: {bootstrap: [{service: web}]}",
		"x-bmo: {url: {service: web, prot: 80}}",
		"services: {web: {x-bmo: {ready: {http: {port: 99999}}}}}",
		"services: {web: {x-bmo: {ready: {timeout: soon}}}}",
	} {
		assert.Assert(t, validate(t, schema, []byte(text)) != nil, text)
	}
}
