package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/docker-bmo/docker-bmo/internal/private"
)

// Record is where everything goes that becomes known of one bootstrap or instance. It is safe for concurrent use. A nil
// Record keeps nothing, and all of its methods may be called.
//
// A file is only ever appended to, in whole lines. One that was cut off, because the process was killed or the disk was
// full, is ended by the next writer, and readers pass over it.
type Record struct {
	Header
	// now is the engine's clock.
	now func() time.Time

	mu    sync.Mutex
	state state
	// file is nil for what is only shown; show is called with each entry, if it is not nil.
	file  *os.File
	show  func(Entry)
	buf   []byte
	timer *time.Timer
	size  int64
	// err is why the file is not whole, and torn whether it may end within a line.
	err  error
	torn bool
}

// maxRecord is how much one record takes at most, in bytes; what comes after that is not kept, but for events.
var maxRecord int64 = 256 << 20

const (
	// flushAfter and flushSize are how long and how much is held back: what is lost with the process is still in the
	// engine's logs.
	flushAfter = 100 * time.Millisecond
	flushSize  = 64 << 10
)

// Create begins a record. now is the engine's clock.
func (a *Archive) Create(h Header, now func() time.Time) (*Record, error) {
	if err := private.Dir(a.dir); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(a.path(h.ID), os.O_RDWR|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	r := &Record{Header: h, now: now, file: f, state: newState()}
	if _, err := tryLock(f); err != nil {
		f.Close()
		return nil, err
	}
	b, _ := json.Marshal(h) // never fails for such a type
	r.mu.Lock()
	defer r.mu.Unlock()
	r.buf = append(b, '\n')
	r.flush()
	return r, r.err
}

// Append opens a record to go on with it. It returns ErrBusy or ErrResumed if a living process has it.
func (a *Archive) Append(id string, now func() time.Time) (*Record, error) {
	if !validID.MatchString(id) {
		return nil, ErrNotFound
	}
	f, err := os.OpenFile(a.path(id), os.O_RDWR|os.O_APPEND, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	if err := resume(f); err != nil {
		f.Close()
		return nil, err
	}
	return openRecord(f, now)
}

// AppendOrCreate is Append, but begins a record that is not there. Of several processes that do so at once, one has it.
func (a *Archive) AppendOrCreate(h Header, now func() time.Time) (*Record, error) {
	if !validID.MatchString(h.ID) {
		return nil, ErrNotFound
	}
	if err := private.Dir(a.dir); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(a.path(h.ID), os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := resume(f); err != nil {
		f.Close()
		return nil, err
	}
	if fi, err := f.Stat(); err == nil && fi.Size() == 0 {
		b, _ := json.Marshal(h) // never fails for such a type
		if _, err := f.Write(append(b, '\n')); err != nil {
			return nil, errors.Join(err, f.Truncate(0), f.Close())
		}
	}
	return openRecord(f, now)
}

// openRecord returns the record in a file that is locked; it closes the file if there is an error.
func openRecord(f *os.File, now func() time.Time) (*Record, error) {
	r := &Record{now: now, file: f, state: newState()}
	var err error
	if r.Header, err = scan(f, func(e Entry, _ span) { r.state.note(e) }); err != nil {
		f.Close()
		return nil, err
	}
	end, err := f.Seek(0, io.SeekEnd)
	last := make([]byte, 1)
	if _, rerr := f.ReadAt(last, end-1); err == nil {
		err = rerr
	}
	r.size, r.torn = end, last[0] != '\n'
	if err != nil {
		f.Close()
		return nil, err
	}
	return r, nil
}

// Add takes an entry, unless it is an event, or a gap of one container, that is there already.
func (r *Record) Add(e Entry) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.add(e)
}

// add is Add; r.mu is held.
func (r *Record) add(e Entry) {
	if e.Time.IsZero() {
		e.Time = r.now()
	}
	e.Time = e.Time.UTC()
	if r.state.has(e) {
		return
	}
	r.state.note(e)
	if r.show != nil {
		r.show(e)
	}
	if r.file == nil {
		return
	}
	if e.Kind == KindLine && r.size > maxRecord {
		if r.state.full {
			return
		}
		text := fmt.Sprintf("the record has %d MB: what is printed from here on is not kept", maxRecord>>20)
		e = Entry{Time: e.Time, Kind: KindGap, Action: actionFull, Text: text}
		r.state.note(e)
	}
	r.buf = append(r.buf, encode(e)...)
	switch {
	case e.Kind != KindLine || len(r.buf) > flushSize:
		r.flush()
	case r.timer == nil:
		r.timer = time.AfterFunc(flushAfter, r.Flush)
	}
}

// isFull reports whether no line is kept any more.
func (r *Record) isFull() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.file != nil && r.state.full
}

// Flush writes what is held back.
func (r *Record) Flush() {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.flush()
}

// flush is Flush; r.mu is held.
func (r *Record) flush() {
	if r.timer != nil {
		r.timer.Stop()
		r.timer = nil
	}
	if r.file == nil || len(r.buf) == 0 {
		return
	}
	if r.torn {
		r.buf = append([]byte("\n"), r.buf...)
	}
	n, err := r.file.Write(r.buf)
	r.size += int64(n)
	r.torn = n > 0 && err != nil || n == 0 && r.torn
	if err != nil && r.err == nil {
		// A full disk must not stop the work that is written about, and once there is room again, the record goes on.
		r.err = err
	} else if err == nil && r.err != nil {
		b := encode(Entry{Time: r.now(), Kind: KindGap, Text: fmt.Sprintf("entries before this one are missing: %v", r.err)})
		_, _ = r.file.Write(b)
		r.err = nil
	}
	r.buf = r.buf[:0]
}

// Close writes what is held back and lets others go on with the record. The error says why it is not whole.
func (r *Record) Close() error {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		return nil
	}
	r.flush()
	err := errors.Join(r.err, r.file.Close())
	r.file = nil
	return err
}

// End adds the last entry.
func (r *Record) End(how, text string) {
	r.Add(Entry{Kind: KindEnd, Action: how, Text: text})
}

// Note adds a remark.
func (r *Record) Note(text string) { r.Add(Entry{Kind: KindNote, Text: text}) }

// Step says that a step of docker bmo begins, and returns a function that says how it went.
func (r *Record) Step(service, name string) (done func(error)) {
	r.Add(Entry{Kind: KindStep, Action: "begin", Service: service, Text: name})
	return func(err error) {
		e := Entry{Kind: KindStep, Action: "done", Service: service, Text: name}
		if err != nil {
			text, _, _ := strings.Cut(err.Error(), "\n") // without lines that the record has anyway
			e.Action, e.Attributes = "failed", map[string]string{"error": text}
		}
		r.Add(e)
	}
}

// Ready says that a service, or without one everything, is ready.
func (r *Record) Ready(service string) { r.Add(Entry{Kind: KindReady, Service: service}) }
