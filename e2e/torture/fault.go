package torture

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// Fault is what goes wrong at a request.
type Fault string

// Faults. At Killed, Dropped, Stalled and Garbage the engine has carried the request out: there is what docker bmo has not heard of.
const (
	Killed      Fault = "killed"      // docker and the plugin, before they get the answer
	Dropped     Fault = "dropped"     // the connection, instead of the answer or in the middle of a stream
	Stalled     Fault = "stalled"     // the engine, which has carried the request out, and never answers
	Slow        Fault = "slow"        // the engine, which answers nevertheless
	Interrupted Fault = "interrupted" // docker and the plugin, by the user, since no answer comes
	Refused     Fault = "refused"     // by the engine, with status 500
	Garbage     Fault = "garbage"     // a web page instead of the answer
	Removed     Fault = "removed"     // the stack's snapshots, by another docker bmo, before the engine hears of the request
	Pruned      Fault = "pruned"      // all that docker system prune takes, before the engine hears of the request
	Stopped     Fault = "stopped"     // the stack's instances, by another docker bmo, before the engine hears of the request
)

// Faults are all of them.
var Faults = []Fault{Killed, Dropped, Stalled, Slow, Interrupted, Refused, Garbage, Removed, Pruned, Stopped}

const (
	slowness = time.Second            // of a slow answer
	patience = 500 * time.Millisecond // until the user interrupts
	stall    = time.Minute            // until a command that is still waiting has failed: its limits are seconds
	silence  = 12 * time.Second       // at most, after an interrupt: what makes something is waited for 10 seconds
	stopTime = 2 * time.Second        // that another stop has before the request goes on
	glimpse  = 100 * time.Millisecond // what is seen of a stream that is cut
)

var errDropped = errors.New("dropped")

// faulty passes requests to the engine, and puts a fault at one of them.
type faulty struct {
	engine http.RoundTripper
	stack  string
	other  sync.WaitGroup // what another docker bmo does

	mu      sync.Mutex
	fault   Fault
	at      func(n int, request string) bool
	seen    []string
	number  int    // of the request with the fault
	request string // the one with the fault; empty as long as there was none
	victim  chan *harness.Process
}

// arm puts a fault at the first request, of those from now on, for which at returns true; they are numbered from 1. They
// come from a process that must then be sent to victim.
func (f *faulty) arm(fault Fault, at func(n int, request string) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault, f.at, f.seen, f.request = fault, at, nil, ""
	f.victim = make(chan *harness.Process, 1)
}

// disarm returns the request that the fault came at, "" for none, and all until then. There are no more faults then: what a command has started
// in the background goes on.
func (f *faulty) disarm() (number int, request string, all []string) {
	f.other.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at = nil
	return f.number, f.request, f.seen
}

func (f *faulty) next(r *http.Request) (Fault, chan *harness.Process) {
	f.mu.Lock()
	defer f.mu.Unlock()
	path, _, _ := strings.Cut(r.URL.RequestURI(), "?")
	request := r.Method + " " + path
	if f.at != nil {
		f.seen = append(f.seen, request)
	}
	if f.request != "" || f.at == nil || !f.at(len(f.seen), request) {
		return "", nil
	}
	f.request, f.number = request, len(f.seen)
	return f.fault, f.victim
}

func (f *faulty) RoundTrip(r *http.Request) (*http.Response, error) {
	fault, victim := f.next(r)
	switch fault {
	case Killed:
		_, err := f.carryOut(r)
		p := <-victim
		return nil, errors.Join(errDropped, err, p.Signal(syscall.SIGKILL))
	case Dropped:
		res, err := f.engine.RoundTrip(r)
		if err == nil && stream(res) {
			body := res.Body // which the proxy takes out of an upgraded connection's answer
			time.AfterFunc(glimpse, func() { body.Close() })
			return res, nil
		}
		return nil, errors.Join(errDropped, err, discard(res))
	case Stalled:
		_, err := f.carryOut(r)
		select {
		case <-r.Context().Done():
		case <-time.After(stall):
			p := <-victim
			err = errors.Join(err, p.Signal(syscall.SIGKILL))
		}
		return nil, errors.Join(errDropped, err)
	case Slow:
		time.Sleep(slowness)
	case Interrupted:
		time.Sleep(patience)
		p := <-victim
		err := p.Signal(syscall.SIGINT)
		select {
		case <-r.Context().Done():
		case <-time.After(silence):
		}
		return nil, errors.Join(errDropped, err)
	case Refused:
		return answer(r, http.StatusInternalServerError, "application/json", `{"message":"something went wrong in the engine"}`), nil
	case Garbage:
		if _, err := f.carryOut(r); err != nil {
			return nil, err
		}
		return answer(r, http.StatusOK, "text/html", "<html><body><h1>It works!</h1></body></html>\n"), nil
	case Removed:
		if _, err := harness.Command("docker", "bmo", "prune", "--all", "--force", "--stack", f.stack); err != nil {
			return nil, err
		}
	case Pruned:
		if _, err := harness.Command("docker", dockerPrune()...); err != nil && !strings.Contains(err.Error(), "already running") {
			return nil, err
		}
	case Stopped:
		done := make(chan struct{})
		f.other.Go(func() {
			defer close(done)
			stopAll(f.stack)
		})
		select {
		case <-done:
		case <-time.After(stopTime): // it may wait for the command whose request this is
		}
	}
	return f.engine.RoundTrip(r)
}

// stopAll stops what a stack has of instances, those that are being started, too. That there is none any more is no failure,
// and what was not stopped is found afterwards.
func stopAll(stack string) {
	names, err := harness.Command("docker", "bmo", "ps", "--all", "--quiet", "--filter", "stack="+stack)
	if err == nil && names != "" {
		_, _ = harness.Command("docker", append([]string{"bmo", "stop"}, strings.Fields(names)...)...)
	}
}

// dockerPrune is docker's own prune. Where base images cannot be pulled again it leaves them.
func dockerPrune() []string {
	args := []string{"system", "prune", "--force", "--volumes"}
	if len(harness.Suite.Args) == 0 {
		args = append(args, "--all")
	}
	return args
}

// carryOut has the engine do what is asked for, and drops the answer.
func (f *faulty) carryOut(r *http.Request) (*http.Response, error) {
	res, err := f.engine.RoundTrip(r.WithContext(context.WithoutCancel(r.Context())))
	return res, errors.Join(err, discard(res))
}

func discard(res *http.Response) error {
	if res == nil {
		return nil
	}
	if !stream(res) {
		_, _ = io.Copy(io.Discard, res.Body)
	}
	return res.Body.Close()
}

// stream reports whether an answer goes on for as long as something lasts.
func stream(res *http.Response) bool {
	path := res.Request.URL.Path
	return res.StatusCode == http.StatusSwitchingProtocols || strings.HasSuffix(path, "/events") ||
		strings.HasSuffix(path, "/wait") || strings.HasSuffix(path, "/logs")
}

func answer(r *http.Request, status int, kind, body string) *http.Response {
	if r.Body != nil {
		r.Body.Close()
	}
	return &http.Response{
		Status: http.StatusText(status), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {kind}}, ContentLength: int64(len(body)), Body: io.NopCloser(bytes.NewReader([]byte(body))),
	}
}
