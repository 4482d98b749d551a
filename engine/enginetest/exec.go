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

// execution is a command that is run in a container beside its main process. The fake knows one command: the relay
// that engine.Dial runs, whose last word is the port.
type execution struct {
	c    *ctr
	port int
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
	port, err := strconv.Atoi(req.Cmd[len(req.Cmd)-1])
	if err != nil {
		return nil, &fault{http.StatusBadRequest, "the fake engine cannot run that"}
	}
	id := f.id("exec")
	f.execs[id] = &execution{c: c, port: port}
	return map[string]string{"Id": id}, nil
}

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

// waitWord reads a line, byte by byte since what follows is for somebody else.
func waitWord(r io.Reader) error {
	for b := []byte{0}; b[0] != '\n'; {
		if _, err := io.ReadFull(r, b); err != nil {
			return err
		}
	}
	return nil
}
