package stack

import (
	"cmp"
	"slices"
	"strings"
)

// Note says what a stack has in another way than its Compose file says it. One note holds for all places with the same
// key.
type Note struct {
	// Key is the Compose key without the names that the author has chosen, for example "ports".
	Key string `json:"key"`
	// Text says what becomes of it.
	Text string `json:"text"`
	// At are the places in the file, for example "services.web.ports".
	At []string `json:"at"`
}

// String returns the note in one line, without the places.
func (n Note) String() string { return n.Key + ": " + n.Text }

// note records that a key is adapted.
func (l *loading) note(pattern, at, text string) {
	key := strings.TrimPrefix(strings.TrimPrefix(pattern, "services.*."), "services.")
	key = strings.ReplaceAll(key, anyName+".", "")
	for i, n := range l.stack.Notes {
		if n.Key == key && n.Text == text {
			if !slices.Contains(n.At, at) {
				l.stack.Notes[i].At = append(n.At, at)
			}
			return
		}
	}
	l.stack.Notes = append(l.stack.Notes, Note{Key: key, Text: text, At: []string{at}})
}

func (l *loading) sortNotes() {
	slices.SortFunc(l.stack.Notes, func(a, b Note) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Text, b.Text))
	})
}
