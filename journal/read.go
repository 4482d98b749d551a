package journal

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"
)

// span is where an entry stands in a file.
type span struct {
	at  int64
	len int
}

// scan reads a record from its beginning and calls fn with each entry. What is damaged, or not written to its end, is
// passed over.
func scan(f *os.File, fn func(Entry, span)) (Header, error) {
	var h Header
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return h, err
	}
	br := bufio.NewReaderSize(f, 256<<10)
	var at int64
	for first := true; ; first = false {
		line, err := readLine(br)
		if errors.Is(err, io.EOF) {
			break // the last line, if there is one, is not whole
		}
		if err != nil {
			return h, err
		}
		where := span{at, len(line)}
		at += int64(len(line))
		if first {
			if err := json.Unmarshal(line, &h); err != nil || h.ID == "" {
				return h, errors.New("the record is damaged: it has no beginning")
			}
			continue
		}
		if e, err := decode(line); err == nil && e.Kind != "" {
			fn(e, where)
		}
	}
	if h.ID == "" {
		return h, errors.New("the record is damaged: it has no beginning")
	}
	return h, nil
}

// readLine returns a line with its end, in a buffer that the next call overwrites, or an error.
func readLine(br *bufio.Reader) ([]byte, error) {
	line, err := br.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return line, err
	}
	long := slices.Clone(line)
	for errors.Is(err, bufio.ErrBufferFull) {
		line, err = br.ReadSlice('\n')
		long = append(long, line...)
	}
	return long, err
}

// Query says which entries of a record are wanted.
type Query struct {
	// Match reports whether an entry is wanted; nil for all.
	Match func(Entry) bool
	// Tail is how many of the last ones are wanted of each service, negative for all.
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

// place is an entry in an order: its time, that of the entry before it of the same stream if that is later (a clock may
// have been set back), and the order in which it came.
type place struct {
	time    int64
	seq     int
	service string
	span    span
	entry   *Entry // of what is not in the file
}

// reading is a record that is being put in order.
type reading struct {
	file   *os.File
	query  Query
	places []place
	latest map[stream]int64
}

// take notes where an entry stands.
func (r *reading) take(e Entry, s span, kept *Entry) {
	t := e.Time.UnixNano()
	if e.Kind == KindLine {
		key := stream{e.Container, e.Stderr}
		t = max(t, r.latest[key])
		r.latest[key] = t
	}
	if !r.query.Wants(e) {
		return
	}
	r.places = append(r.places, place{time: t, seq: len(r.places), service: e.Service, span: s, entry: kept})
}

// show calls fn with the entries in their order.
func (r *reading) show(fn func(Entry) error) error {
	slices.SortFunc(r.places, func(a, b place) int {
		switch {
		case a.time != b.time:
			return cmpInt(a.time, b.time)
		default:
			return a.seq - b.seq
		}
	})
	var buf []byte
	for _, p := range r.tail() {
		if p.entry != nil {
			if err := fn(*p.entry); err != nil {
				return err
			}
			continue
		}
		buf = slices.Grow(buf[:0], p.span.len)[:p.span.len]
		if _, err := r.file.ReadAt(buf, p.span.at); err != nil {
			return fmt.Errorf("read the record: %w", err)
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

func cmpInt(a, b int64) int {
	if a < b {
		return -1
	}
	return 1
}

// tail returns the places of the entries that are among the last of their service.
func (r *reading) tail() []place {
	if r.query.Tail < 0 {
		return r.places
	}
	left, from := map[string]int{}, len(r.places)
	keep := make([]bool, len(r.places))
	for i := len(r.places) - 1; i >= 0; i-- {
		s := r.places[i].service
		if left[s] < r.query.Tail {
			left[s]++
			keep[i], from = true, i
		}
	}
	var out []place
	for i := from; i < len(r.places); i++ {
		if keep[i] {
			out = append(out, r.places[i])
		}
	}
	return out
}
