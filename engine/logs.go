package engine

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
)

// Message is one message of a container's log: a line, or a part of a line that is longer than the engine's 16 KB.
type Message struct {
	// Time is when the engine read the beginning of the line.
	Time   time.Time
	Stderr bool
	// Text is valid only until the function that it was passed to returns. It has no end of line; More reports that the
	// next message of the same stream continues the line.
	Text []byte
	More bool
}

// Messages calls fn with the messages of a container's log from since on, in the engine's order; with follow, until the
// container ends or ctx is done, which is no error. An error that satisfies IsUnreadable means that the container's
// logging driver keeps nothing that could be read.
func (e *Engine) Messages(ctx context.Context, id string, since time.Time, follow bool, fn func(Message)) error {
	o := container.LogsOptions{ShowStdout: true, ShowStderr: true, Follow: follow, Timestamps: true}
	if !since.IsZero() {
		o.Since = unix(since)
	}
	c, err := e.api.ContainerInspect(ctx, id)
	if err != nil {
		return fmt.Errorf("inspect container %s: %w", id, Plain(err))
	}
	r, err := e.api.ContainerLogs(ctx, id, o)
	if err != nil {
		return fmt.Errorf("read logs of container %s: %w", id, Plain(err))
	}
	defer r.Close()
	in := wanted{ctx, r}
	if c.Config.Tty {
		err = rawMessages(in, fn)
	} else {
		_, err = stdcopy.StdCopy(frames{fn: fn}, frames{fn: fn, stderr: true}, in)
	}
	if ctx.Err() != nil {
		return nil
	}
	return cut(err)
}

// wanted is a stream that is read as long as its context lives. The client breaks the connection then, too, but in a goroutine
// of its own: meanwhile a log is read as fast as the engine sends it.
type wanted struct {
	ctx context.Context
	io.Reader
}

func (w wanted) Read(b []byte) (int, error) {
	if w.ctx.Err() != nil {
		return 0, context.Cause(w.ctx)
	}
	return w.Reader.Read(b)
}

// IsUnreadable reports whether a container's output cannot be read from the engine because of its logging driver.
func IsUnreadable(err error) bool {
	return err != nil && strings.Contains(err.Error(), "logging driver does not support reading")
}

// frames takes one stream of a log. The engine puts each message, with its time in front, into a frame of its own, and
// stdcopy writes one frame at a time.
type frames struct {
	fn     func(Message)
	stderr bool
}

func (f frames) Write(b []byte) (int, error) {
	n := len(b)
	m := Message{Stderr: f.stderr}
	m.Time, b = cutTime(b)
	for {
		line, rest, end := bytes.Cut(b, []byte("\n"))
		m.Text, m.More = line, !end
		f.fn(m)
		if len(rest) == 0 {
			return n, nil
		}
		b = rest
	}
}

// cutTime takes the time from the beginning of a message; it is zero if there is none.
func cutTime(b []byte) (time.Time, []byte) {
	i := bytes.IndexByte(b[:min(len(b), maxStamp)], ' ')
	if i < 0 {
		return time.Time{}, b
	}
	t, err := time.Parse(time.RFC3339Nano, string(b[:i]))
	if err != nil {
		return time.Time{}, b
	}
	return t.UTC(), b[i+1:]
}

const (
	// maxStamp is the length of the longest time and the space after it.
	maxStamp = len("2006-01-02T15:04:05.000000000-07:00 ")
	// maxMessage is the longest text of one message.
	maxMessage = 16 << 10
)

// rawMessages reads the log of a container that has a terminal: there are no frames, each message has its time in front,
// and one that is as long as a message can be goes on in the next one.
func rawMessages(r io.Reader, fn func(Message)) error {
	br := bufio.NewReaderSize(r, len("2006-01-02T15:04:05.000000000Z ")+maxMessage)
	for {
		b, err := br.ReadSlice('\n')
		if len(b) > 0 {
			var m Message
			m.Time, m.Text = cutTime(b)
			text, end := bytes.CutSuffix(m.Text, []byte("\n"))
			m.Text, m.More = text, !end
			fn(m)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// Logs copies a container's output so far; with follow, it continues until the container ends or ctx is done.
func (e *Engine) Logs(ctx context.Context, id string, follow bool, stdout, stderr io.Writer) error {
	r, err := e.api.ContainerLogs(ctx, id, container.LogsOptions{ShowStdout: true, ShowStderr: true, Follow: follow})
	if err != nil {
		return fmt.Errorf("read logs of container %s: %w", id, Plain(err))
	}
	defer r.Close()
	// The client does not pass on what the engine says of the format.
	if c, gone := e.api.ContainerInspect(ctx, id); gone == nil && c.Config.Tty {
		_, err = io.Copy(orDiscard(stdout), r)
	} else {
		_, err = stdcopy.StdCopy(orDiscard(stdout), orDiscard(stderr), r)
	}
	return cut(err)
}
