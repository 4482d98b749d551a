package journal

import "time"

// Query says which entries of a record are wanted.
type Query struct {
	// Match reports whether an entry is wanted; nil for all.
	Match func(Entry) bool
	// Tail is how many of the last lines are wanted of each service, negative for all.
	Tail int
	// Since and Until limit the time; zero for no limit.
	Since, Until time.Time
}

// Wants reports whether an entry is one of those that are asked for.
func (q Query) Wants(e Entry) bool {
	switch {
	case !q.Since.IsZero() && e.Time.Before(q.Since), !q.Until.IsZero() && e.Time.After(q.Until):
		return false
	default:
		return q.Match == nil || q.Match(e)
	}
}
