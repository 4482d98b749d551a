package enginetest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/go-connections/nat"

	"github.com/docker-bmo/docker-bmo/engine"
)

func (f *Fake) startContainer(_ http.ResponseWriter, r *http.Request) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, err := f.container(r)
	if err != nil {
		return nil, err
	}
	c.renew(f)
	if c.state != created {
		return nil, conflict("container %s is running", c.name)
	}
	if f.over {
		return nil, &fault{http.StatusServiceUnavailable, "the engine is shutting down"}
	}
	if c.network != "" && f.networks[c.network] == nil {
		return nil, &fault{http.StatusNotFound, "failed to set up container networking: network " + c.network + " not found"}
	}
	listeners, err := c.publish()
	if err != nil {
		return nil, err
	}
	c.state, c.proc, c.started = running, newProc(c), f.now()
	f.happen(c, "start")
	c.proc.file = f.fileOf(c)
	for l, port := range listeners {
		go c.forward(l, port)
	}
	program := Serve()
	if !slices.Contains(c.config.Entrypoint, relayProgram) {
		program = f.programs(Spec{Name: c.name, Image: c.image, Labels: c.config.Labels, Command: c.config.Cmd})
	}
	ended := c.ended
	f.work.Add(2)
	go func() {
		defer f.work.Done()
		code := program(c.proc)
		f.mu.Lock()
		defer f.mu.Unlock()
		c.end(code)
	}()
	go func() {
		defer f.work.Done()
		<-ended
		for l := range listeners {
			_ = l.Close()
		}
	}()
	return nil, nil
}

// publish listens on the ports that the container publishes.
func (c *ctr) publish() (map[net.Listener]int, error) {
	listeners, ports := map[net.Listener]int{}, nat.PortMap{}
	for p, bindings := range c.host.PortBindings {
		for _, b := range bindings {
			l, err := net.Listen("tcp", net.JoinHostPort(b.HostIP, b.HostPort))
			if err != nil {
				for l := range listeners {
					_ = l.Close()
				}
				return nil, fmt.Errorf("driver failed programming external connectivity on endpoint %s: "+
					"Bind for %s:%s failed: port is already allocated", c.name, b.HostIP, b.HostPort)
			}
			listeners[l] = p.Int()
			public := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
			ports[p] = append(ports[p], nat.PortBinding{HostIP: b.HostIP, HostPort: public})
		}
	}
	c.ports = ports
	return listeners, nil
}

// forward does what docker's proxy does: it accepts connections whether the container listens or not.
func (c *ctr) forward(l net.Listener, port int) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			if inner := c.proc.dial(port); inner != nil {
				join(conn, inner)
			}
		}()
	}
}

// join copies both ways until the inner side ends.
func join(outer io.ReadWriter, inner net.Conn) {
	go func() {
		_, _ = io.Copy(inner, outer)
		_ = inner.Close()
	}()
	_, _ = io.Copy(outer, inner)
}

// end ends the main process; f.mu is held.
func (c *ctr) end(code int) {
	if c.state != running {
		return
	}
	c.state, c.paused, c.code, c.ports, c.finished = exited, false, code, nil, c.fake.now()
	c.fake.happen(c, "die", "exitCode", strconv.Itoa(code))
	if code == 137 {
		close(c.proc.killed)
	}
	c.out.close()
	close(c.ended)
}

// renew makes a container that has ended one that can be started again; f.mu is held. Who attaches to it, or waits for
// its next exit, means the next run.
func (c *ctr) renew(f *Fake) {
	if c.state != exited {
		return
	}
	c.state, c.out, c.ended = created, newOutput(f.now), make(chan struct{})
}

// killAll ends the programs for good, at the end of a test.
func (f *Fake) killAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.over = true
	for _, c := range f.containers {
		c.end(137)
	}
}

func (f *Fake) killContainer(_ http.ResponseWriter, r *http.Request) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, err := f.container(r)
	if err != nil {
		return nil, err
	}
	if c.state != running {
		return nil, conflict("cannot kill container: %s: container %s is not running", c.name, c.id)
	}
	signal := cmp.Or(r.URL.Query().Get("signal"), "KILL")
	f.happen(c, "kill", "signal", strconv.Itoa(engine.SignalNumber(signal)))
	c.signal(signal)
	return nil, nil
}

// signal delivers a signal; f.mu is held.
func (c *ctr) signal(name string) {
	name = strings.TrimPrefix(name, "SIG")
	if name == "KILL" || name == "" {
		c.end(137)
		return
	}
	c.proc.signals <- name
}

func (f *Fake) stopContainer(_ http.ResponseWriter, r *http.Request) (any, error) {
	seconds, err := strconv.Atoi(r.URL.Query().Get("t"))
	if err != nil {
		return nil, &fault{http.StatusBadRequest, "a stop without a timeout"}
	}
	f.mu.Lock()
	c, err := f.container(r)
	var ended chan struct{}
	if err == nil {
		ended = c.ended
	}
	if err == nil && c.state == running {
		signal := cmp.Or(c.config.StopSignal, "TERM")
		f.happen(c, "kill", "signal", strconv.Itoa(engine.SignalNumber(signal)))
		c.signal(signal)
	}
	f.mu.Unlock()
	if err != nil || c.proc == nil {
		return nil, err
	}
	select {
	case <-ended:
	case <-c.proc.deaf:
	case <-time.After(time.Duration(seconds) * time.Second):
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	c.end(137)
	return nil, nil
}

// waitContainer sends the header at once, so that the client knows that the engine is waiting.
func (f *Fake) waitContainer(w http.ResponseWriter, r *http.Request) (any, error) {
	f.mu.Lock()
	c, err := f.container(r)
	if err == nil && r.URL.Query().Get("condition") == string(container.WaitConditionNextExit) {
		c.renew(f)
	}
	var until chan struct{}
	if err == nil {
		until = c.ended
	}
	f.mu.Unlock()
	if err != nil {
		return nil, err
	}
	defer f.stream()()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(w).Flush()
	if r.URL.Query().Get("condition") == string(container.WaitConditionRemoved) {
		until = c.removed
	}
	select {
	case <-until:
	case <-r.Context().Done():
		return nil, errAnswered
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	_ = json.NewEncoder(w).Encode(container.WaitResponse{StatusCode: int64(c.code)})
	return nil, errAnswered
}
