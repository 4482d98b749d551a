package stack

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// problems collects what is wrong with a file, so that everything is reported at once instead of one mistake per run.
type problems struct {
	list []problem
	// settled are keys with nothing more to report: when one has the wrong type, it is no news that everything below it
	// is missing.
	settled []string
}

type problem struct {
	path string // of the key, "" for the file as a whole
	text string
	hint string // "" for none
}

func (p *problems) add(path, text, hint string) {
	if !p.covers(path) {
		p.list = append(p.list, problem{path, text, hint})
	}
}

// settle adds a problem, after which further ones at the path and below are dropped.
func (p *problems) settle(path, text, hint string) {
	p.add(path, text, hint)
	p.settled = append(p.settled, path)
}

func (p *problems) covers(path string) bool {
	return slices.ContainsFunc(p.settled, func(s string) bool {
		rest, below := strings.CutPrefix(path, s)
		return below && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

// err returns everything collected, sorted by path, one line each, with its place in the files, or in those that they
// name; nil when there is nothing. A hint follows its problem, or the last one of several in a row that share it.
func (p *problems) err(files, named []source) error {
	if len(p.list) == 0 {
		return nil
	}
	list := slices.Clone(p.list)
	slices.SortStableFunc(list, func(a, b problem) int {
		return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.text, b.text))
	})
	list = slices.Compact(list)
	var lines []string
	for i, pr := range list {
		line := place(files, named, pr.path) + ": "
		if pr.path != "" {
			line += pr.path + ": "
		}
		lines = append(lines, line+pr.text)
		shared := i+1 < len(list) && list[i+1].hint == pr.hint
		if pr.hint != "" && !shared {
			lines = append(lines, "hint: "+pr.hint)
		}
	}
	return errors.New(strings.Join(lines, "\n"))
}

// suggest returns a hint for a word that is not among the known ones: the one that was probably meant, else all of
// them.
func suggest(what, word string, known []string) string {
	known = slices.Clone(known)
	slices.Sort(known)
	if len(known) == 0 {
		return ""
	}
	best, at := "", 1+max(1, len(word)/2)
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
