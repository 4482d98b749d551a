package stack

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"gotest.tools/v3/assert"
)

// TestEveryComposeKeyHasAnAnswer walks compose-go's own types: a key of a newer one, about which nobody has decided,
// fails here.
func TestEveryComposeKeyHasAnAnswer(t *testing.T) {
	patterns := map[string]bool{}
	collectKeys(reflect.TypeFor[types.Project](), "", patterns, 0)
	assert.Assert(t, len(patterns) > 250, "%d", len(patterns))
	for pattern := range patterns {
		_, at, known := ruleOf(pattern)
		decided := known && (at != "services" || strings.Count(pattern, ".") < 2)
		assert.Assert(t, decided, "%s has no rule in keys.go", pattern)
	}
	for pattern := range rules {
		assert.Assert(t, patterns[pattern] || slices.Contains(notInModel, pattern), "%s is no key of Compose", pattern)
	}
}

// notInModel are keys that compose-go deals with before it makes its model.
var notInModel = []string{"include"}

// collectKeys adds the pattern of each key of a type, and of all that is below it.
func collectKeys(t reflect.Type, at string, found map[string]bool, depth int) {
	if depth > 12 {
		return
	}
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Map:
		if named[at] {
			at = join(at, anyName)
		}
		collectKeys(t.Elem(), at, found, depth+1)
	case reflect.Struct:
		for name, below := range fields(t) {
			pattern := join(at, name)
			found[pattern] = true
			collectKeys(below, pattern, found, depth+1)
		}
	}
}
