package enginetest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
)

// remembered is how many events an engine remembers.
const remembered = 256

// happenings are the events of the engine.
type happenings struct {
	list []events.Message
	// lost is how many there were before the first of the list.
	lost int
	more chan struct{} // closed and replaced at every event
}

// happen notes an event of a container; f.mu is held. The attributes are pairs.
func (f *Fake) happen(c *ctr, action string, attributes ...string) {
	a := maps.Clone(c.config.Labels)
	if a == nil {
		a = map[string]string{}
	}
	a["name"], a["image"] = c.name, c.image
	for i := 0; i+1 < len(attributes); i += 2 {
		a[attributes[i]] = attributes[i+1]
	}
	at := f.now()
	f.events.list = append(f.events.list, events.Message{
		Type: events.ContainerEventType, Action: events.Action(action), Actor: events.Actor{ID: c.id, Attributes: a},
		Time: at.Unix(), TimeNano: at.UnixNano(),
	})
	if n := len(f.events.list) - remembered; n > 0 {
		f.events.list, f.events.lost = f.events.list[n:], f.events.lost+n
	}
	close(f.events.more)
	f.events.more = make(chan struct{})
}

// ForgetEvents makes the engine forget what has happened so far, as its restart does.
func (f *Fake) ForgetEvents() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events.lost += len(f.events.list)
	f.events.list = nil
}

// eventsSince returns the events from a position on, and the position after them.
func (f *Fake) eventsSince(n int) (list []events.Message, next int, more <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	from := max(n-f.events.lost, 0)
	return slices.Clone(f.events.list[min(from, len(f.events.list)):]), f.events.lost + len(f.events.list), f.events.more
}

// streamEvents answers GET /events.
func (f *Fake) streamEvents(w http.ResponseWriter, r *http.Request) (any, error) {
	q := r.URL.Query()
	args, err := filters.FromJSON(q.Get("filters"))
	if err != nil {
		return nil, &fault{http.StatusBadRequest, err.Error()}
	}
	since, until := unixTime(q.Get("since")), unixTime(q.Get("until"))
	defer f.stream()()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	out := json.NewEncoder(w)
	for at := 0; ; {
		list, next, more := f.eventsSince(at)
		at = next
		for _, m := range list {
			when := time.Unix(0, m.TimeNano)
			late := !until.IsZero() && when.After(until)
			if !when.Before(since) && !late && eventMatches(args, m) && out.Encode(m) != nil {
				return nil, errAnswered
			}
		}
		_ = http.NewResponseController(w).Flush()
		if !until.IsZero() {
			return nil, errAnswered // it has passed, or will have in a moment
		}
		select {
		case <-more:
		case <-r.Context().Done():
			return nil, errAnswered
		}
	}
}

func eventMatches(args filters.Args, m events.Message) bool {
	return args.MatchKVList("label", m.Actor.Attributes) &&
		(!args.Contains("type") || args.ExactMatch("type", string(m.Type))) &&
		(!args.Contains("event") || args.ExactMatch("event", string(m.Action)))
}

// unixTime parses SECONDS.NANOSECONDS; it is zero for none.
func unixTime(s string) time.Time {
	sec, nano, _ := strings.Cut(s, ".")
	n, err := strconv.ParseInt(sec, 10, 64)
	if err != nil || n == 0 {
		return time.Time{}
	}
	nanos, _ := strconv.ParseInt((nano + "000000000")[:9], 10, 64)
	return time.Unix(n, nanos)
}
