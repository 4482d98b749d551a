package enginetest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
)

// Program is a container's main process. It returns the exit code, which is ignored if it is killed.
type Program func(p *Proc) int

// Spec is what a container was created with.
type Spec struct {
	Name, Image string
	Labels      map[string]string
	Command     []string
}

// SetPrograms sets what each container runs. Without it all of them run Serve().
func (f *Fake) SetPrograms(choose func(Spec) Program) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.programs = choose
}

// Proc is a container's main process, as its program sees it.
type Proc struct {
	Stdout, Stderr io.Writer
	Command, Env   []string

	signals chan string
	killed  chan struct{} // closed by SIGKILL
	deaf    chan struct{} // closed when a signal was ignored
	ended   chan struct{} // the container's
	file    func(path string, write *File) (File, bool)
	once    sync.Once

	mu    sync.Mutex
	ports map[int]func(net.Conn)
}

// Getenv returns a variable of the container's environment.
func (p *Proc) Getenv(key string) string {
	for _, kv := range p.Env {
		if v, ok := strings.CutPrefix(kv, key+"="); ok {
			return v
		}
	}
	return ""
}

// WriteFile writes a file in the container, or in the volume that is mounted there.
func (p *Proc) WriteFile(path, content string) {
	p.file(path, &File{Content: content, Mode: 0o644})
}

// ReadFile returns a file of the container, or of the volume that is mounted there.
func (p *Proc) ReadFile(path string) (File, bool) { return p.file(path, nil) }

// Listen serves a port of the container from now on. serve is called for each connection, in a goroutine of its own.
func (p *Proc) Listen(port int, serve func(net.Conn)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ports[port] = serve
}

// dial connects to a port of the container; nil when it does not listen there. The connection ends with the container.
func (p *Proc) dial(port int) net.Conn {
	p.mu.Lock()
	serve := p.ports[port]
	p.mu.Unlock()
	select {
	case <-p.ended:
		return nil
	default:
	}
	if serve == nil {
		return nil
	}
	ours, theirs := net.Pipe()
	served := make(chan struct{})
	go func() {
		defer close(served)
		serve(theirs)
	}()
	go func() {
		defer theirs.Close()
		select {
		case <-served:
		case <-p.ended:
		}
	}()
	return ours
}

// Signal waits for a signal and returns its name without SIG.
func (p *Proc) Signal() string {
	select {
	case s := <-p.signals:
		return s
	case <-p.killed:
		return "KILL"
	}
}

// Killed is closed when the container is killed.
func (p *Proc) Killed() <-chan struct{} { return p.killed }

// Ignore declares that a signal is ignored, so that a stop need not wait any longer.
func (p *Proc) Ignore() { p.once.Do(func() { close(p.deaf) }) }

// UntilStopped waits for the first signal and returns code.
func (p *Proc) UntilStopped(code int) int {
	p.Signal()
	return code
}

// Print writes lines to standard output.
func (p *Proc) Print(lines ...string) {
	for _, l := range lines {
		fmt.Fprintln(p.Stdout, l)
	}
}

// Exit prints lines and exits at once.
func Exit(code int, lines ...string) Program {
	return func(p *Proc) int {
		p.Print(lines...)
		return code
	}
}

// Serve prints lines and exits with 0 at the first signal.
func Serve(lines ...string) Program {
	return func(p *Proc) int {
		p.Print(lines...)
		return p.UntilStopped(0)
	}
}

// Silent serves a connection by reading what comes, until the other side ends it.
func Silent(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// Listening accepts connections on ports, says nothing, and exits with 0 at the first signal.
func Listening(ports ...int) Program {
	return func(p *Proc) int {
		for _, port := range ports {
			p.Listen(port, Silent)
		}
		return p.UntilStopped(0)
	}
}

// Stubborn ignores every signal but SIGKILL.
func Stubborn() Program {
	return func(p *Proc) int {
		for p.Signal() != "KILL" {
			p.Ignore()
		}
		return 137
	}
}

// HTTP answers one request on a connection.
func HTTP(h http.Handler) func(net.Conn) {
	return func(c net.Conn) {
		req, err := http.ReadRequest(bufio.NewReader(c))
		if err != nil {
			return
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, req)
		resp := rec.Result()
		resp.Close = true
		_ = resp.Write(c)
	}
}

// Answer returns a handler that always gives the same response.
func Answer(status int, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	})
}

func newProc(c *ctr) *Proc {
	return &Proc{
		Stdout: c.out.writer(stdout), Stderr: c.out.writer(stderr), Command: slices.Clone(c.config.Cmd),
		Env: slices.Clone(c.config.Env), signals: make(chan string, 16), killed: make(chan struct{}),
		deaf: make(chan struct{}), ended: c.ended, ports: map[int]func(net.Conn){},
	}
}
