package journal

import (
	"cmp"
	"container/heap"
	"slices"
)

// place is where an entry stands that is wanted, and its place in the order: its time, or that of the entry before it of the same
// stream if that is later (a clock may have been set back), and how many came before. There are millions of them, so that
// it has nothing of what the entry says.
type place struct {
	time int64
	seq  int
	at   int64
	len  int32
	// spilled reports that it is not in the record's file, goesOn that it is the rest of a line, or a part of it.
	spilled, goesOn bool
}

func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(p.time, q.time), cmp.Compare(p.seq, q.seq))
}

// order is a record that is being put in order.
type order struct {
	query  Query
	latest map[stream]int64
	open   map[stream]bool // those whose last entry was not the end of a line
	seq    int
	// places are those of all entries that are wanted, but for lines if only the last ones are: those are in tails.
	places []place
	tails  map[string]*tail
	// lines is how many lines were wanted of each service, also those that are not among the last.
	lines map[string]int
}

func newOrder(q Query) *order {
	return &order{query: q, latest: map[stream]int64{}, open: map[stream]bool{}, tails: map[string]*tail{}, lines: map[string]int{}}
}

// take notes where an entry stands, which put says, if it is wanted.
func (o *order) take(e Entry, put func() place) {
	t, goesOn := e.Time.UnixNano(), false
	if e.Kind == KindLine {
		key := stream{e.Container, e.Stderr}
		t, goesOn = max(t, o.latest[key]), o.open[key]
		o.latest[key], o.open[key] = t, e.More
	}
	if !o.query.Wants(e) {
		return
	}
	o.seq++
	if e.Kind != KindLine {
		o.add(put(), t)
		return
	}
	if !goesOn {
		o.lines[e.Service]++
	}
	switch {
	case o.query.Tail < 0:
		o.add(put(), t)
	case o.query.Tail > 0:
		p := put()
		p.goesOn = goesOn
		o.addLast(e.Service, p, t)
	}
}

func (o *order) add(p place, time int64) {
	p.time, p.seq = time, o.seq
	o.places = append(o.places, p)
}

// addLast adds a line of a service, or the rest of one, and forgets its first one if there are too many.
func (o *order) addLast(service string, p place, time int64) {
	p.time, p.seq = time, o.seq
	t := o.tails[service]
	if t == nil {
		t = &tail{}
		o.tails[service] = t
	}
	heap.Push(t, p)
	if !p.goesOn {
		t.lines++
	}
	for len(t.places) > 0 && (t.lines > o.query.Tail || t.places[0].goesOn) {
		if first := heap.Pop(t).(place); !first.goesOn {
			t.lines--
		}
	}
}

// each calls fn with all places, in no order; fn may say where the entry stands now.
func (o *order) each(fn func(*place)) {
	for i := range o.places {
		fn(&o.places[i])
	}
	for _, t := range o.tails {
		for i := range t.places {
			fn(&t.places[i])
		}
	}
}

// sorted returns the places in their order.
func (o *order) sorted() []place {
	for _, t := range o.tails {
		o.places = append(o.places, t.places...)
	}
	clear(o.tails)
	slices.SortFunc(o.places, place.compare)
	return o.places
}

// tail is the last lines of a service, the first of them on top of the heap.
type tail struct {
	places []place
	lines  int
}

// Len, Less, Swap, Push and Pop are those of a heap.
func (t *tail) Len() int           { return len(t.places) }
func (t *tail) Less(i, j int) bool { return t.places[i].compare(t.places[j]) < 0 }
func (t *tail) Swap(i, j int)      { t.places[i], t.places[j] = t.places[j], t.places[i] }
func (t *tail) Push(p any)         { t.places = append(t.places, p.(place)) }
func (t *tail) Pop() any {
	last := t.places[len(t.places)-1]
	t.places = t.places[:len(t.places)-1]
	return last
}
