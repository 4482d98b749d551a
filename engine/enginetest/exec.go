package enginetest

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/docker-bmo/docker-bmo/engine"
)

// execution is a command that runs in a container next to its main process: a relay, to a port of the container to, or
// a Command.
type execution struct {
	c, to *ctr
	port  int
	leads bool // a port of the container elsewhere

	options container.ExecOptions
	running bool
	code    int
}

// Exec is a command that is run in a container, as its Command sees it.
type Exec struct {
	Container      string // name
	Options        container.ExecOptions
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// Command runs a command in a container and returns its exit code.
type Command func(e *Exec) int

// SetCommand sets what commands in containers do. Without it the fake cannot run any.
func (f *Fake) SetCommand(c Command) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.command = c
}

// Leads are the ports that lead elsewhere in containers, each as "CONTAINER PORT ADDRESS TO". Nothing listens there: all
// containers have the loopback interface of the machine that the test runs on.
func (f *Fake) Leads() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.leads)
}

func (f *Fake) createExec(_ http.ResponseWriter, r *http.Request) (any, error) {
	var req container.ExecOptions
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		return nil, &fault{http.StatusBadRequest, err.Error()}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	c, err := f.container(r)
	if err != nil {
		return nil, err
	}
	if c.state != running {
		return nil, conflict("container %s is not running", c.id)
	}
	if c.paused {
		return nil, conflict("container %s is paused, unpause the container before exec", c.id)
	}
	e := &execution{c: c, options: req, running: true}
	if isRelay(req.Cmd) {
		e.port, err = strconv.Atoi(req.Cmd[len(req.Cmd)-1])
		e.to = f.relayTarget(c, req.Cmd)
	}
	e.leads = len(req.Cmd) == 4 && req.Cmd[0] == relayProgram
	if err != nil || e.port == 0 && !e.leads && f.command == nil {
		return nil, &fault{http.StatusBadRequest, "the fake engine cannot run that"}
	}
	id := f.id("exec")
	f.execs[id] = e
	return map[string]string{"Id": id}, nil
}

// isRelay reports whether the command is a relay: a script whose arguments are an address and a port, or the program
// that is put into a container, with a port.
func isRelay(words []string) bool {
	return len(words) == 5 && words[0] == "bash" || len(words) == 2 && words[0] == relayProgram
}

const relayProgram = "/docker-bmo-relay"

// relayTarget returns the container that a relay in c connects to: the one with the address, or the one whose network it
// has. f.mu is held.
func (f *Fake) relayTarget(c *ctr, words []string) *ctr {
	if of := f.networkOf(c); words[0] == relayProgram || words[3] == engine.Loopback {
		return of
	}
	for _, other := range f.containers {
		if other.address == words[3] {
			return other
		}
	}
	return nil
}

// networkOf returns the container whose network a container has; f.mu is held.
func (f *Fake) networkOf(c *ctr) *ctr {
	if id, ok := strings.CutPrefix(string(c.host.NetworkMode), "container:"); ok {
		return f.containers[id]
	}
	return c
}

// lacks reports whether a container has no such program; f.mu is held.
func (c *ctr) lacks(program string) bool {
	_, put := c.files[program]
	return c.bare && !put
}

func (f *Fake) startExec(w http.ResponseWriter, r *http.Request) (any, error) {
	f.mu.Lock()
	e := f.execs[r.PathValue("id")]
	none := e != nil && e.c.lacks(e.options.Cmd[0])
	f.mu.Unlock()
	if e == nil {
		return nil, notFound("exec instance", r.PathValue("id"))
	}
	// The request's body must be read before the connection is taken over.
	_, _ = io.Copy(io.Discard, r.Body)
	conn, err := hijack(w)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	switch out := stdcopy.NewStdWriter(conn, stdout); {
	case none:
		fmt.Fprintf(out, "OCI runtime exec failed: exec failed: unable to start container process: exec: %q: "+
			"executable file not found in $PATH: unknown\r\n", e.options.Cmd[0])
		f.end(e, 127)
	case e.leads:
		f.lead(e, conn)
	case e.port == 0:
		f.runCommand(e, conn)
	default:
		e.relay(conn, out, stdcopy.NewStdWriter(conn, stderr))
	}
	return nil, errAnswered
}

// relay does what the product's relays do.
func (e *execution) relay(in io.Reader, out, complain io.Writer) {
	fmt.Fprintln(complain, "waiting")
	if err := waitWord(in); err != nil {
		return
	}
	inner := e.dial()
	if inner == nil {
		fmt.Fprintf(complain, "nothing listens on port %d\n", e.port)
		return
	}
	fmt.Fprintln(complain, "connected")
	fmt.Fprintln(out, "connected")
	join(struct {
		io.Reader
		io.Writer
	}{in, out}, inner)
}

func (e *execution) dial() net.Conn {
	if e.to == nil || e.to.proc == nil {
		return nil
	}
	return e.to.proc.dial(e.port)
}

// waitWord reads a line, byte by byte since what follows belongs to another reader.
func waitWord(r io.Reader) error {
	for b := []byte{0}; b[0] != '\n'; {
		if _, err := io.ReadFull(r, b); err != nil {
			return err
		}
	}
	return nil
}

// lead does what the product's relay does when it leads a port elsewhere, but for the port.
func (f *Fake) lead(e *execution, conn io.ReadWriter) {
	complain := stdcopy.NewStdWriter(conn, stderr)
	fmt.Fprintln(complain, "waiting")
	if err := waitWord(conn); err != nil {
		f.end(e, 1)
		return
	}
	f.mu.Lock()
	taken := f.takenInside
	if !taken {
		f.leads = append(f.leads, e.c.name+" "+strings.Join(e.options.Cmd[1:], " "))
	}
	f.mu.Unlock()
	if taken {
		fmt.Fprintln(complain, "the port is in use")
		f.end(e, 1)
		return
	}
	fmt.Fprintln(complain, "connected")
	fmt.Fprintln(stdcopy.NewStdWriter(conn, stdout), "connected")
	f.end(e, 0)
}

// TakeInside makes something in each container listen to the ports that are to lead elsewhere.
func (f *Fake) TakeInside() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.takenInside = true
}

func (f *Fake) runCommand(e *execution, conn io.ReadWriter) {
	f.mu.Lock()
	command := f.command
	f.mu.Unlock()
	x := &Exec{
		Container: e.c.name, Options: e.options, Stdin: conn,
		Stdout: stdcopy.NewStdWriter(conn, stdout), Stderr: stdcopy.NewStdWriter(conn, stderr),
	}
	if e.options.Tty {
		x.Stdout, x.Stderr = conn, conn
	}
	f.end(e, command(x))
}

func (f *Fake) end(e *execution, code int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	e.running, e.code = false, code
}

func (f *Fake) inspectExec(_ http.ResponseWriter, r *http.Request) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	e := f.execs[r.PathValue("id")]
	if e == nil {
		return nil, notFound("exec instance", r.PathValue("id"))
	}
	return container.ExecInspect{ExecID: r.PathValue("id"), ContainerID: e.c.id, Running: e.running, ExitCode: e.code}, nil
}
