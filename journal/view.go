package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/label"
)

// View is a record as it is now, together with what the engine knows in addition. It changes nothing.
type View struct {
	Info
	archive *Archive
	e       *engine.Engine
	// of is the label of the containers that it is about.
	of    string
	state state
	// file is nil if there is only the engine to ask. held reports that a living process has its lock, and kept that it is the
	// one that has begun the record, and writes all that happens.
	file       *os.File
	held, kept bool
	// order has what is wanted of the file, and of what only the engine has, which is in spill.
	order *order
	spill spill
	// services are those that it has something of.
	services map[string]bool
	// size is how much of the file has been read, of the length that it had when that began.
	size, length int64

	// Linger is how long Follow goes on when nothing prints any more: what has ended may be removed, or started again.
	Linger time.Duration
}

// Open opens the record for reading what q wants; the caller closes it. What nobody has recorded yet is taken from the
// engine e, which may be nil.
func (a *Archive) Open(ctx context.Context, e *engine.Engine, i Info, q Query) (*View, error) {
	f, err := os.Open(a.path(i.ID))
	if err != nil {
		return nil, fmt.Errorf("open the record: %w", err)
	}
	v := &View{Info: i, archive: a, e: e, of: label.Record + "=" + i.ID, file: f}
	if err := v.load(ctx, q); err != nil {
		_ = v.Close()
		return nil, err
	}
	return v, nil
}

// OpenLive is for what there is no record of: it has only what the engine knows of the containers with a label.
func OpenLive(ctx context.Context, e *engine.Engine, h Header, of string, q Query) (*View, error) {
	v := &View{Info: Info{Header: h}, e: e, of: of}
	if err := v.load(ctx, q); err != nil {
		_ = v.Close()
		return nil, err
	}
	return v, nil
}

// Close closes the files.
func (v *View) Close() error {
	v.spill.close()
	if v.file == nil {
		return nil
	}
	return v.file.Close()
}

// load reads everything, in the order in which it was recorded, and notes where that stands which is wanted. What another
// process has removed meanwhile is in the record by then, and is read there.
func (v *View) load(ctx context.Context, q Query) error {
	for until := time.Now().Add(closeLimit); ; {
		err := v.loadOnce(ctx, q)
		if v.file == nil || v.kept || v.Ended || err == nil && !v.hasGrown() || err != nil && !engine.IsGone(err) {
			return err
		}
		if time.Now().After(until) || !engine.Sleep(ctx, resumePause) {
			return err
		}
	}
}

func (v *View) loadOnce(ctx context.Context, q Query) error {
	v.reset(q)
	v.spill.close()
	v.spill = spill{}
	if v.file != nil {
		if err := v.loadFile(); err != nil {
			return err
		}
	}
	if v.held && v.e != nil && !v.Ended && v.closes(ctx) {
		v.reset(q)
		if err := v.loadFile(); err != nil {
			return err
		}
	}
	if v.e == nil || v.kept || v.Ended {
		return nil
	}
	return v.loadRest(ctx)
}

func (v *View) reset(q Query) {
	v.state, v.order, v.services = newState(), newOrder(q), map[string]bool{}
}

// hasGrown reports whether something has been written to the file since it was read.
func (v *View) hasGrown() bool {
	st, err := v.file.Stat()
	return err == nil && v.e != nil && st.Size() > v.length
}

// loadFile reads the file.
func (v *View) loadFile() error {
	free, err := lock(v.file) // another reader may have it, for an instant
	if err != nil {
		free = true // a file system without locks
	}
	v.held, v.kept = !free, !free
	if !free {
		// Who goes on with the record of another process writes what it removes alone.
		resumed, err := tryShare(v.file)
		v.kept, free = !resumed || err != nil, resumed
	}
	if free {
		unlock(v.file) // at once, since who goes on with the record waits for it
	}
	if v.length, err = v.file.Seek(0, io.SeekEnd); err != nil {
		return err
	}
	v.Ended, v.size = false, v.length
	v.Header, err = scan(v.file, func(e Entry, s span) {
		v.state.note(e)
		v.Ended = e.Kind == KindEnd
		v.take(e, func() place { return place{at: s.at, len: int32(s.len)} })
		v.size = s.at + int64(s.len)
	})
	return err
}

// loadRest reads what only the engine has.
func (v *View) loadRest(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := v.memory(func(e Entry) {
		v.take(e, func() place { return v.spill.put(encode(e)) })
		if err := v.spill.shrink(v.order); err != nil {
			cancel(err)
		}
	})
	err := r.fetch(ctx, v.e, v.of)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return errors.Join(err, v.spill.flush())
}

// take notes where an entry stands, which put says.
func (v *View) take(e Entry, put func() place) {
	if e.Service != "" {
		v.services[e.Service] = true
	}
	v.order.take(e, put)
}

// memory returns a record that is only shown, and goes on where the view is.
func (v *View) memory(show func(Entry)) *Record {
	return &Record{Header: v.Header, now: v.e.Now, state: v.state, show: show}
}

// Read calls fn with the entries that are wanted, in the order of their times.
func (v *View) Read(fn func(Entry) error) error {
	var buf []byte
	var err error
	for _, p := range v.order.sorted() {
		file := v.file
		if p.spilled {
			file = v.spill.file
		}
		if buf, err = readAt(file, p, buf); err != nil {
			return err
		}
		e, err := decode(buf)
		if err != nil {
			return fmt.Errorf("read the record: %w", err)
		}
		if err := fn(e); err != nil {
			return err
		}
	}
	return nil
}

// LacksLines reports whether an entry says that something that was printed is missing. What a full record lacks, the engine
// has as long as the container is there.
func (v *View) LacksLines(e Entry) bool {
	return e.Kind == KindGap && e.Action != actionEvents && (e.Action != actionFull || v.e == nil || v.Ended)
}

// Omitted returns how many lines of a service are wanted but for their number.
func (v *View) Omitted(service string) int {
	if v.order.query.Tail < 0 {
		return 0
	}
	return max(v.order.lines[service]-v.order.query.Tail, 0)
}

// Services returns the services that the record has something of, sorted.
func (v *View) Services() []string { return slices.Sorted(maps.Keys(v.services)) }

// Know adds services to those that the record has something of.
func (v *View) Know(services []string) {
	for _, s := range services {
		v.services[s] = true
	}
}

// Title says what the record is about.
func (v *View) Title() string {
	if v.Name != "" {
		return "instance " + v.Name
	}
	return "snapshot " + v.Key[:min(len(v.Key), 12)]
}
