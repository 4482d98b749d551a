package stack

import (
	"bytes"
	"slices"
	"strconv"

	"gopkg.in/yaml.v3"
)

// textMaps are the keys whose values are texts, whatever they look like.
var textMaps = []string{"environment", "args", "labels", "annotations", "env", "driver_opts", "options"}

// asWritten returns a Compose file in which the numbers that stand for texts are in quotes: YAML would make 1.10 the
// number 1.1, and an environment variable or a build argument of it. Nothing else changes, and no line moves.
func asWritten(content []byte) []byte {
	var doc yaml.Node
	if err := yaml.Unmarshal(content, &doc); err != nil {
		return content // compose-go says what is wrong
	}
	var numbers []*yaml.Node
	collectNumbers(&doc, false, &numbers)
	lines := bytes.SplitAfter(content, []byte("\n"))
	slices.SortFunc(numbers, func(a, b *yaml.Node) int { return b.Column - a.Column })
	for _, n := range numbers {
		if n.Line > len(lines) {
			continue
		}
		line := lines[n.Line-1]
		at := n.Column - 1
		if at < 0 || at > len(line) || !bytes.HasPrefix(line[at:], []byte(n.Value)) {
			continue // after a character that takes several bytes
		}
		lines[n.Line-1] = slices.Concat(line[:at], []byte(strconv.Quote(n.Value)), line[at+len(n.Value):])
	}
	return bytes.Join(lines, nil)
}

// collectNumbers finds the plain numbers within the values of textMaps.
func collectNumbers(n *yaml.Node, text bool, found *[]*yaml.Node) {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i], n.Content[i+1]
			if text && value.Kind == yaml.ScalarNode {
				if plainNumber(value) {
					*found = append(*found, value)
				}
				continue
			}
			collectNumbers(value, slices.Contains(textMaps, key.Value) || text && key.Tag == "!!merge", found)
		}
	case yaml.DocumentNode, yaml.SequenceNode:
		for _, below := range n.Content {
			collectNumbers(below, false, found)
		}
	}
}

func plainNumber(n *yaml.Node) bool {
	return n.Style == 0 && (n.Tag == "!!float" || n.Tag == "!!int")
}
