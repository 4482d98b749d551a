package kube

import (
	"bufio"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Line is a line that a service has printed. A cluster does not say on which of its outputs.
type Line struct {
	Time          time.Time
	Service, Text string
	// More reports that the line goes on.
	More bool
}

// LogQuery says which lines are meant.
type LogQuery struct {
	// Tail is how many lines of each service, -1 for all.
	Tail         int
	Since, Until time.Time
	Follow       bool
	// CaughtUp, if not nil, is called when what was there has been shown.
	CaughtUp func()
}

// Logs calls show for the lines of services, in the order of time, and then, with q.Follow, for those that come, until ctx
// ends or no service goes on.
func (c *Cluster) Logs(ctx context.Context, name string, services []string, q LogQuery, show func(Line)) error {
	pods, err := c.pods(ctx, name)
	if err != nil {
		return err
	}
	pod := newest(pods)
	if pod == nil {
		q.caughtUp()
		return nil
	}
	var all []Line
	last := map[string]time.Time{}
	for _, service := range services {
		err := c.read(ctx, pod, service, q, q.Since, false, func(l Line) {
			all = append(all, l)
			last[service] = l.Time
		})
		if err != nil {
			return err
		}
	}
	slices.SortStableFunc(all, func(a, b Line) int { return a.Time.Compare(b.Time) })
	for _, l := range all {
		show(l)
	}
	q.caughtUp()
	if !q.Follow {
		return nil
	}
	return c.follow(ctx, pod, services, q, last, show)
}

func (q LogQuery) caughtUp() {
	if q.CaughtUp != nil {
		q.CaughtUp()
	}
}

// follow shows what comes after the last lines.
func (c *Cluster) follow(ctx context.Context, pod *corev1.Pod, services []string, q LogQuery, last map[string]time.Time, show func(Line)) error {
	var mu sync.Mutex
	var wg sync.WaitGroup
	errs := make([]error, len(services))
	q.Tail = -1
	for i, service := range services {
		since := q.Since
		if at, ok := last[service]; ok {
			since = at.Add(1)
		}
		wg.Go(func() {
			errs[i] = c.read(ctx, pod, service, q, since, true, func(l Line) {
				mu.Lock()
				defer mu.Unlock()
				show(l)
			})
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return errors.Join(errs...)
}

// maxLine is how many bytes of a line are shown as one.
const maxLine = 1 << 20

// read reads the lines of one service, from a time on.
func (c *Cluster) read(ctx context.Context, pod *corev1.Pod, service string, q LogQuery, since time.Time, follow bool, line func(Line)) error {
	if st := statusOf(pod, service); st == nil || st.State.Running == nil && st.State.Terminated == nil && st.RestartCount == 0 {
		return nil // it has printed nothing yet
	}
	o := &corev1.PodLogOptions{Container: containerName(service), Follow: follow, Timestamps: true}
	if q.Tail >= 0 && !follow {
		n := int64(q.Tail)
		o.TailLines = &n
	}
	if !since.IsZero() {
		o.SinceTime = &metav1.Time{Time: since.Truncate(time.Second)} // the cluster knows whole seconds
	}
	stream, err := c.api.of(pod.Name, "log").VersionedParams(o, parameters).Stream(ctx)
	if err != nil {
		return c.explain(err, "get", "pods/log")
	}
	defer stream.Close()
	return lines(ctx, stream, func(at time.Time, text string, more bool) {
		if at.Before(since) || !q.Until.IsZero() && !at.Before(q.Until) {
			return
		}
		line(Line{Time: at, Service: service, Text: text, More: more})
	})
}

// lines splits a log into its lines and their times.
func lines(ctx context.Context, r io.Reader, line func(at time.Time, text string, more bool)) error {
	in := bufio.NewReaderSize(r, maxLine)
	var at time.Time
	for begun := false; ; {
		part, err := in.ReadSlice('\n')
		more := errors.Is(err, bufio.ErrBufferFull)
		if len(part) > 0 {
			text := strings.TrimSuffix(string(part), "\n")
			if !begun {
				stamp, rest, _ := strings.Cut(text, " ")
				if t, perr := time.Parse(time.RFC3339Nano, stamp); perr == nil {
					at, text = t.UTC(), rest
				}
			}
			line(at, strings.TrimSuffix(text, "\r"), more)
		}
		begun = more
		switch {
		case err == nil || more:
		case errors.Is(err, io.EOF) || ctx.Err() != nil:
			return nil
		default:
			return err
		}
	}
}

// tailLines is how many of the last lines are shown with an error.
const tailLines = 20

// tail returns a container's last lines. One that was started again has its last lines before that.
func (c *Cluster) tail(ctx context.Context, pod *corev1.Pod, container string) (list []string) {
	n := int64(tailLines)
	o := &corev1.PodLogOptions{Container: container, TailLines: &n}
	if st := statusNamed(pod, container); st != nil && st.RestartCount > 0 && st.State.Running == nil {
		o.Previous = true
	}
	stream, err := c.api.of(pod.Name, "log").VersionedParams(o, parameters).Stream(ctx)
	if err != nil {
		return nil
	}
	defer stream.Close()
	_ = lines(ctx, stream, func(_ time.Time, text string, _ bool) { list = append(list, text) })
	return list
}
