package stack

import (
	"fmt"
	"testing"

	"gopkg.in/yaml.v3"
	"gotest.tools/v3/assert"
)

// TestEveryNodeReplaced puts every kind of value in the place of every node of a stack, one at a time. Nothing may
// panic, and what loads must be valid.
func TestEveryNodeReplaced(t *testing.T) {
	text := edit(t, "command: [mysqld, --defaults-file=/etc/default.cnf]", `command: [mysqld]
    env_file: [{path: a.env, required: false}]
    extends: {service: common}`) + "jobs: {a: {}}\nnetworks: {default: {}}\n"
	var root yaml.Node
	assert.NilError(t, yaml.Unmarshal([]byte(text), &root))
	loads := 0
	each(root.Content[0], func(n *yaml.Node) {
		before := *n
		for _, value := range []string{"null", "7", "[[]]", "{a: b}"} {
			var replacement yaml.Node
			assert.NilError(t, yaml.Unmarshal([]byte(value), &replacement))
			*n = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str"}
			if len(replacement.Content) > 0 {
				*n = *replacement.Content[0]
			}
			mutant, err := yaml.Marshal(&root)
			assert.NilError(t, err)
			loadSound(t, string(mutant))
			loads++
		}
		*n = before
	})
	assert.Assert(t, loads > 500)
}

// each calls f for every node below n but the keys of mappings.
func each(n *yaml.Node, f func(*yaml.Node)) {
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			continue
		}
		f(child)
		each(child, f)
	}
}

func loadSound(t *testing.T, text string) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			t.Error(fmt.Sprint(r), "\n", text)
		}
	}()
	if s, err := loadText(t, text, Options{}); err == nil {
		checkInvariants(t, s)
	}
}
