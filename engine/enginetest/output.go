package enginetest

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/docker/docker/pkg/stdcopy"
)

const (
	stdout = stdcopy.Stdout
	stderr = stdcopy.Stderr
)

type chunk struct {
	stream stdcopy.StdType
	data   []byte
	at     time.Time
}

// output is everything that a container has printed.
type output struct {
	mu     sync.Mutex
	now    func() time.Time
	chunks []chunk
	closed bool
	more   chan struct{} // closed and replaced at every change
}

func newOutput(now func() time.Time) *output { return &output{now: now, more: make(chan struct{})} }

type outputWriter struct {
	o      *output
	stream stdcopy.StdType
}

func (o *output) writer(s stdcopy.StdType) io.Writer { return outputWriter{o, s} }

func (w outputWriter) Write(b []byte) (int, error) {
	w.o.mu.Lock()
	defer w.o.mu.Unlock()
	if w.o.closed {
		return 0, io.ErrClosedPipe
	}
	w.o.chunks = append(w.o.chunks, chunk{w.stream, append([]byte(nil), b...), w.o.now()})
	w.o.changed()
	return len(b), nil
}

func (o *output) changed() {
	close(o.more)
	o.more = make(chan struct{})
}

func (o *output) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.closed {
		o.closed = true
		o.changed()
	}
}

// since returns the chunks from a position on.
func (o *output) since(n int) (chunks []chunk, closed bool, more <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.chunks[n:], o.closed, o.more
}

// tail is the position of the last lines; programs write one line at a time.
func (o *output) tail(lines string) int {
	all, _, _ := o.since(0)
	n, err := strconv.Atoi(lines)
	if err != nil || n > len(all) {
		return 0
	}
	return len(all) - n
}

// first is the position of the first chunk of that time or later.
func (o *output) first(since time.Time) int {
	all, _, _ := o.since(0)
	for i, c := range all {
		if !c.at.Before(since) {
			return i
		}
	}
	return len(all)
}

// stamps is the format of the times in a log.
const stamps = "2006-01-02T15:04:05.000000000Z"

// copy writes all output from a position on: up to the output's end with follow, otherwise what there is so far. If
// stamped, each chunk begins with its time.
func (o *output) copy(ctx context.Context, w io.Writer, from int, follow, stamped bool) {
	out := map[stdcopy.StdType]io.Writer{stdout: stdcopy.NewStdWriter(w, stdout), stderr: stdcopy.NewStdWriter(w, stderr)}
	for {
		chunks, closed, more := o.since(from)
		for _, c := range chunks {
			data := c.data
			if stamped {
				data = append(c.at.UTC().AppendFormat(nil, stamps+" "), data...)
			}
			if _, err := out[c.stream].Write(data); err != nil {
				return
			}
		}
		from += len(chunks)
		if f, ok := w.(http.Flusher); ok {
			f.Flush()
		}
		if closed || !follow {
			return
		}
		select {
		case <-more:
		case <-ctx.Done():
			return
		}
	}
}

// stream counts a stream as open until the returned function is called.
func (f *Fake) stream() (done func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		return func() {}
	}
	f.streams++
	f.work.Add(1)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.streams--
		f.work.Done()
	}
}

func (f *Fake) attachContainer(w http.ResponseWriter, r *http.Request) (any, error) {
	f.mu.Lock()
	c, err := f.container(r)
	if err == nil {
		c.renew(f)
	}
	var out *output
	if err == nil {
		out = c.out
	}
	f.mu.Unlock()
	if err != nil {
		return nil, err
	}
	defer f.stream()()
	old, _, _ := out.since(0)
	conn, err := hijack(w)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	ctx, cancel := context.WithCancel(f.ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, conn) // ends when the client disconnects
		cancel()
	}()
	out.copy(ctx, conn, len(old), true, false)
	return nil, errAnswered
}

func (f *Fake) logs(w http.ResponseWriter, r *http.Request) (any, error) {
	f.mu.Lock()
	c, err := f.container(r)
	var out *output
	var made *generated
	if err == nil {
		out, made = c.out, c.generated
	}
	f.mu.Unlock()
	if err != nil {
		return nil, err
	}
	defer f.stream()()
	w.Header().Set("Content-Type", "application/vnd.docker.multiplexed-stream")
	w.WriteHeader(http.StatusOK)
	q := r.URL.Query()
	if made != nil {
		made.copy(w, unixTime(q.Get("since")))
		return nil, errAnswered
	}
	from := max(out.tail(q.Get("tail")), out.first(unixTime(q.Get("since"))))
	out.copy(r.Context(), w, from, q.Get("follow") == "1", q.Get("timestamps") == "1")
	return nil, errAnswered
}
