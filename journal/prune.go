package journal

import (
	"os"
	"time"
)

// Limits bound what an archive keeps of what is over.
type Limits struct {
	// Age is how long a record is kept after its last entry; 0 means forever.
	Age time.Duration
	// Size is how many bytes all records together may take, and Count how many there may be; 0 means no limit.
	Size  int64
	Count int
	// All removes whatever is over, and Stack only what is of that stack, if it is not empty. DryRun removes nothing.
	All, DryRun bool
	Stack       string
}

// Usual are the limits that every command that begins a record keeps.
var Usual = Limits{Age: 30 * 24 * time.Hour, Size: 1 << 30, Count: 500}

// abandoned is after how long without an entry the record of an instance on an engine that cannot be asked is taken for
// that of one that is gone.
const abandoned = 365 * 24 * time.Hour

// Prune removes records, the oldest first, until the limits are kept, and returns those removed. It never removes the
// record of what is alive: one that a process keeps, and one of an instance of which alive reports that its containers
// are there; alive is only asked about the engine with that identifier.
func (a *Archive) Prune(l Limits, now time.Time, engine string, alive func(id string) bool) ([]Info, error) {
	list, err := a.List()
	if err != nil {
		return nil, err
	}
	var size int64
	for _, i := range list {
		size += i.Size
	}
	count := len(list)
	var removed []Info
	for n := len(list) - 1; n >= 0; n-- {
		i := list[n]
		late := l.Age > 0 && now.Sub(i.Changed) > l.Age
		much := l.Size > 0 && size > l.Size || l.Count > 0 && count > l.Count
		if !late && !much && !l.All || l.Stack != "" && i.Stack != l.Stack || a.lives(i, now, engine, alive) {
			continue
		}
		if !l.DryRun {
			if err := os.Remove(a.path(i.ID)); err != nil {
				return removed, err
			}
		}
		size -= i.Size
		count--
		removed = append(removed, i)
	}
	return removed, nil
}

// lives reports whether what a record is about may still be there.
func (a *Archive) lives(i Info, now time.Time, engine string, alive func(id string) bool) bool {
	f, err := os.Open(a.path(i.ID))
	if err != nil {
		return true
	}
	defer f.Close()
	if free, err := tryLock(f); err == nil && !free {
		return true
	}
	switch {
	case i.Ended, i.Name == "": // a bootstrap does not outlive the process that had the lock
		return false
	case i.Engine == engine || i.Engine == "":
		return alive(i.ID)
	default:
		return now.Sub(i.Changed) < abandoned
	}
}

// crowded reports whether the usual limits are exceeded, as far as names and sizes of files show.
func (a *Archive) crowded(now time.Time) bool {
	files, err := os.ReadDir(a.dir)
	if err != nil {
		return false
	}
	var size int64
	old := false
	for _, f := range files {
		if fi, err := f.Info(); err == nil {
			size += fi.Size()
			old = old || now.Sub(fi.ModTime()) > Usual.Age
		}
	}
	return old || size > Usual.Size || len(files) > Usual.Count
}
