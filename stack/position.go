package stack

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// source is the text of one of the files that make up a stack, with the places of its keys.
type source struct {
	name string
	root *yaml.Node // nil when it cannot be parsed, which compose-go reports
}

func newSource(name string, content []byte) source {
	var doc yaml.Node
	if err := yaml.Unmarshal(content, &doc); err != nil || len(doc.Content) == 0 {
		return source{name: name}
	}
	return source{name: name, root: doc.Content[0]}
}

// find returns the node of the longest beginning of a path that the file has, and how many words that is.
func (s source) find(words []string) (at *yaml.Node, depth int) {
	node := s.root
	for _, word := range words {
		key, value := child(node, word)
		if value == nil {
			break
		}
		at, node = key, value
		depth++
	}
	return at, depth
}

// child returns the place of a key or of an item, and its value.
func child(node *yaml.Node, word string) (key, value *yaml.Node) {
	if node == nil {
		return nil, nil
	}
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	switch node.Kind {
	case yaml.MappingNode:
		return mapped(node, word)
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(strings.Trim(word, "[]")); err == nil && word[0] == '[' && i < len(node.Content) {
			return node.Content[i], node.Content[i]
		}
		for _, item := range node.Content { // KEY=VALUE, or a name alone
			if item.Value == word || strings.HasPrefix(item.Value, word+"=") {
				return item, item
			}
		}
	}
	return nil, nil
}

// mapped looks a key up in a mapping, and then in what is merged into it.
func mapped(node *yaml.Node, word string) (key, value *yaml.Node) {
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == word {
			return node.Content[i], node.Content[i+1]
		}
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Tag != "!!merge" {
			continue
		}
		merged := []*yaml.Node{node.Content[i+1]}
		if merged[0].Kind == yaml.SequenceNode {
			merged = merged[0].Content
		}
		for _, m := range merged {
			if key, value := child(m, word); value != nil {
				return key, value
			}
		}
	}
	return nil, nil
}

// place returns where a key is, FILE:LINE:COLUMN, or the name of the first file when no file has it or what it is in.
// Of several files the last one counts, whose values win, and one that they include or extend only if it has more of the
// path.
func place(files, named []source, path string) string {
	words := splitPath(path)
	best, found := 0, ""
	for _, f := range slices.Concat(named, files) {
		if node, depth := f.find(words); node != nil && depth >= best {
			best, found = depth, fmt.Sprintf("%s:%d:%d", f.name, node.Line, node.Column)
		}
	}
	if found == "" {
		return files[0].name
	}
	return found
}

// splitPath splits "services.web.volumes[0].source" into its words. A name that has dots itself is not found as a
// whole, so that the place is that of what it is in.
func splitPath(path string) (words []string) {
	for word := range strings.SplitSeq(path, ".") {
		name, index, indexed := strings.Cut(word, "[")
		if name != "" {
			words = append(words, name)
		}
		if indexed {
			words = append(words, "["+index)
		}
	}
	return words
}
