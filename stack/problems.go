package stack

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// problems collects what is wrong with a file, so that all of it is said at
// once instead of one mistake a run.
type problems struct {
	list []problem
}

type problem struct {
	path string // of the key, "" for the file as a whole
	text string
	hint string // "" for none
}

func (p *problems) add(path, text, hint string) {
	p.list = append(p.list, problem{path, text, hint})
}

// err returns everything collected, sorted by path, one line each and its hint
// below; nil when there is nothing. A hint that many share is given once.
func (p *problems) err(file string) error {
	if len(p.list) == 0 {
		return nil
	}
	list := slices.Clone(p.list)
	slices.SortStableFunc(list, func(a, b problem) int {
		return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.text, b.text))
	})
	list = slices.Compact(list)
	var lines []string
	given := map[string]bool{"": true}
	for _, pr := range list {
		line := file + ": "
		if pr.path != "" {
			line += pr.path + ": "
		}
		lines = append(lines, line+pr.text)
		if !given[pr.hint] {
			given[pr.hint] = true
			lines = append(lines, "hint: "+pr.hint)
		}
	}
	return errors.New(strings.Join(lines, "\n"))
}

// suggest returns a hint for a word that is none of the known ones: the one
// that was probably meant, else all of them.
func suggest(what, word string, known []string) string {
	known = slices.Clone(known)
	slices.Sort(known)
	if len(known) == 0 {
		return ""
	}
	best, at := "", 1+max(1, len(word)/3)
	for _, k := range known {
		if d := levenshtein.Distance(word, k, nil); d < at {
			best, at = k, d
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return what + ": " + strings.Join(known, ", ")
}
