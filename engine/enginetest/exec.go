package enginetest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
)

// execution is a command that runs in a container next to its main process: the relay that engine.Dial runs, whose last
// argument is the port, or a Command.
type execution struct {
	c    *ctr
	port int

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
	e := &execution{c: c, options: req, running: true}
	if isRelay(req.Cmd) {
		e.port, err = strconv.Atoi(req.Cmd[len(req.Cmd)-1])
	}
	if err != nil || e.port == 0 && f.command == nil {
		return nil, &fault{http.StatusBadRequest, "the fake engine cannot run that"}
	}
	id := f.id("exec")
	f.execs[id] = e
	return map[string]string{"Id": id}, nil
}

// isRelay reports whether the command is the relay: it is the only script that ends in a port.
func isRelay(words []string) bool { return len(words) == 4 && words[0] == "bash" && words[1] == "-c" }

func (f *Fake) startExec(w http.ResponseWriter, r *http.Request) (any, error) {
	f.mu.Lock()
	e := f.execs[r.PathValue("id")]
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
	if e.port == 0 {
		f.runCommand(e, conn)
		return nil, errAnswered
	}
	if err := waitWord(conn); err != nil {
		return nil, errAnswered
	}
	complain := stdcopy.NewStdWriter(conn, stderr)
	inner := e.c.proc.dial(e.port)
	if inner == nil {
		fmt.Fprintf(complain, "nothing listens on port %d\n", e.port)
		return nil, errAnswered
	}
	fmt.Fprintln(complain, "connected")
	join(struct {
		io.Reader
		io.Writer
	}{conn, stdcopy.NewStdWriter(conn, stdout)}, inner)
	return nil, errAnswered
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
	code := command(x)
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
