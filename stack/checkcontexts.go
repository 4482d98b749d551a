package stack

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

var contextPattern = regexp.MustCompile(`^[a-z0-9]+(?:[._-][a-z0-9]+)*$`)

func (l *loading) checkContexts() {
	needs := map[string][]string{}
	for name, c := range l.stack.Contexts {
		at := extension + ".contexts." + name
		if !contextPattern.MatchString(name) || name == FromEmpty {
			l.problems.add(at, "not a valid name", "use lower-case letters and digits, with single . - _ between them")
		}
		needs[name] = nil
		switch _, another := l.stack.Contexts[c.From]; {
		case c.From == FromSource, c.From == FromEmpty:
		case isFolder(c.From):
			c.From = dotted(l.folder(at+".from", c.From))
			l.stack.Contexts[name] = c
		case another:
			needs[name] = []string{c.From}
		default:
			l.problems.add(at+".from", fmt.Sprintf("%q is not a context", c.From),
				"use source, empty, another context, or a folder such as ./assets")
		}
	}
	if _, cycle := order(needs); cycle != nil {
		l.problems.add(extension+".contexts", "they are made from one another: "+strings.Join(cycle, " -> "), "")
	}
}

// What Context.From can be other than another context or a folder.
const (
	FromSource = "source"
	FromEmpty  = "empty"
)

// isFolder reports whether from is a folder and not the name of a context.
func isFolder(from string) bool {
	return from == "." || from == ".." || strings.HasPrefix(from, "./") ||
		strings.HasPrefix(from, "../") || strings.HasPrefix(from, "~/") || path.IsAbs(from)
}

// dotted makes a relative folder differ from the name of a context.
func dotted(folder string) string {
	if isFolder(folder) {
		return folder
	}
	return "./" + folder
}
