package stack

import (
	"fmt"

	"gopkg.in/yaml.v3"
)

// checkDepth refuses a file whose keys and lists are deeper in each other than any Compose file's: reading it would take
// minutes. What cannot be parsed is left to compose-go, which says why.
func checkDepth(content []byte) error {
	var doc yaml.Node
	if yaml.Unmarshal(content, &doc) == nil && deeper(&doc, maxDepth) {
		return fmt.Errorf("keys and lists are more than %d levels deep", maxDepth)
	}
	return nil
}

// deeper reports whether there are more levels below a node than that. What an alias stands for has been seen before.
func deeper(n *yaml.Node, levels int) bool {
	if levels < 0 {
		return true
	}
	for _, c := range n.Content {
		if deeper(c, levels-1) {
			return true
		}
	}
	return false
}
