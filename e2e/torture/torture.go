package torture

import (
	"fmt"
	"iter"
	"math"
	"regexp"
	"slices"
	"testing"

	"gotest.tools/v3/assert"
)

// All puts each of the faults at every step-th request of each of the commands, beginning with the one of number first, or
// with step 0 at the first request of each kind, and returns the table.
func All(t *testing.T, commands []Command, faults []Fault, first, step int) *Table {
	tb := &Table{}
	b := newBench(t, "torture")
	for _, c := range commands {
		for _, fault := range faults {
			t.Run(fmt.Sprintf("%s/%s", c.Name, fault), func(st *testing.T) {
				b.app.Build(st)
				places, misses := every(first, step), 1
				switch step {
				case 0:
					places, misses = kinds(b.requests(st, c)), math.MaxInt
				case 1:
					misses = 2 // the number of requests is not always the same
				}
				if !tb.each(st, b, c, fault, places, misses) {
					b = newBench(t, "torture") // what is wrong with one is not to be found again
				}
			})
		}
	}
	return tb
}

// place says of a request, by its number and what it is, whether the fault comes there.
type place func(n int, request string) bool

// every returns the places from first on, without an end.
func every(first, step int) iter.Seq[place] {
	return func(yield func(place) bool) {
		for at := first; yield(func(n int, _ string) bool { return n == at }); at += step {
		}
	}
}

// object is what a request names in its path.
var object = regexp.MustCompile(`^(\w+ (?:/v[\d.]+)?/(?:containers|images|networks|volumes|exec)/)([^/]+|docker-bmo/[^/]+)(/\w+)?$`)

// kind is a request without the object that it names.
func kind(request string) string {
	m := object.FindStringSubmatch(request)
	if m == nil || m[3] == "" && (m[2] == "json" || m[2] == "create") {
		return request
	}
	return m[1] + "*" + m[3]
}

// kinds returns a place for each kind of request: the first one.
func kinds(requests []string) iter.Seq[place] {
	return func(yield func(place) bool) {
		var seen []string
		for _, r := range requests {
			k := kind(r)
			if slices.Contains(seen, k) {
				continue
			}
			seen = append(seen, k)
			if !yield(func(_ int, request string) bool { return kind(request) == k }) {
				return
			}
		}
	}
}

// each goes on until there are no more places, or there was no request at so many of them. It reports whether all was well.
func (tb *Table) each(t *testing.T, b *bench, c Command, fault Fault, places iter.Seq[place], misses int) bool {
	requests, well := 0, true
	defer func() { assert.Check(t, requests > 0, "it met no request") }()
	for at := range places {
		o := b.try(t, c, fault, at)
		if o.request == "" {
			if misses--; misses == 0 {
				break
			}
			continue
		}
		requests++
		tb.add(c, fault, o)
		if text := o.String(); text != "" {
			t.Errorf("%s, %s at request %d, %s:\n%s", c.Name, fault, o.number, o.request, text)
			well = false
		}
		if b.tried++; b.tried%20 == 0 {
			b.prune(t)
		}
	}
	t.Logf("%d requests", requests)
	return well
}

// sample are places that have been trouble, or would be.
var sample = []struct {
	command, request string
	fault            Fault
}{
	{"build", "POST .*/commit", Killed},
	{"build", "POST .*/volumes/create", Dropped},
	{"run -d", "POST .*/rename", Dropped},
	{"run -d", "POST .*/networks/create", Removed},
	{"run -- CMD", "POST .*/containers/create", Garbage},
	{"run -- CMD", "POST .*/start", Interrupted},
	{"stop", "DELETE .*/containers/", Refused},
}

// Sample puts a few faults at a few requests.
func Sample(t *testing.T) {
	b := newBench(t, "faults")
	b.app.Build(t)
	for _, s := range sample {
		t.Run(fmt.Sprintf("%s/%s", s.command, s.fault), func(t *testing.T) {
			i := slices.IndexFunc(Commands, func(c Command) bool { return c.Name == s.command })
			re := regexp.MustCompile(s.request)
			o := b.try(t, Commands[i], s.fault, func(_ int, request string) bool { return re.MatchString(request) })
			assert.Assert(t, o.request != "", "there is no request %s", s.request)
			assert.Equal(t, o.String(), "")
		})
	}
}
