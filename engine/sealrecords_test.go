package engine

import (
	"fmt"
	"testing"

	bkclient "github.com/moby/buildkit/client"
	"gotest.tools/v3/assert"
)

// chain returns records each of which is the parent of the next, each with a name and a description.
func chain(pairs ...string) map[string]*bkclient.UsageInfo {
	records := map[string]*bkclient.UsageInfo{}
	var parents []string
	for i := 0; i < len(pairs); i += 2 {
		records[pairs[i]] = &bkclient.UsageInfo{ID: pairs[i], Description: pairs[i+1], Parents: parents}
		parents = []string{pairs[i]}
	}
	return records
}

// TestSurplusRecords: records for a committed layer are dropped. What BuildKit built is kept, since otherwise a later
// build with a cache hit would fail.
func TestSurplusRecords(t *testing.T) {
	records := chain("base", "pulled from mysql", "run", "from local ", "data", "from local ", "more", "from local x")
	for built, want := range map[int]string{4: "[]", 3: "[id==more]", 2: "[id==data id==more]", 1: "[id==data id==more id==run]"} {
		assert.Equal(t, fmt.Sprint(surplus(records, nil, built)), want)
	}
	known := map[string]*bkclient.UsageInfo{"more": records["more"]}
	assert.Equal(t, fmt.Sprint(surplus(records, known, 2)), "[id==data]", "somebody else's")
	assert.Equal(t, fmt.Sprint(surplus(chain("a", "RUN x", "b", "RUN y"), nil, 0)), "[]", "a build's own")
}

func TestBuiltLayers(t *testing.T) {
	const layers = `"rootfs": {"diff_ids": ["a", "b", "c"]}, "history": [{"created_by": "import"}, {"created_by": "ENV x", "empty_layer": true}, {"created_by": "RUN x"}`
	assert.Equal(t, builtLayers([]byte(`{`+layers+`]}`), "ours"), 3)
	assert.Equal(t, builtLayers([]byte(`{`+layers+`, {"created_by": "ours"}]}`), "ours"), 2)
	assert.Equal(t, builtLayers([]byte(`{"rootfs": {"diff_ids": ["a"]}}`), ""), 1, "without a history")
	assert.Equal(t, builtLayers([]byte(`no config`), ""), 0)
}
