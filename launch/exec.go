package launch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/probe"
	"github.com/docker-bmo/docker-bmo/stack"
)

// execTimeout is how long one try of a command may take that does not say, docker's own.
const execTimeout = 30 * time.Second

// execProbe is ready when a command in the running container ends with 0.
type execProbe struct {
	engine  *engine.Engine
	id      string
	command []string
	title   string
	limit   time.Duration

	missing missing
}

// execProbe returns the probe for a command of a stack or an image.
func (g *Group) execProbe(s stack.Service, x stack.Exec, shell []string) *execProbe {
	p := &execProbe{engine: g.Engine, id: g.ID(s.Name), command: x.Command, title: strings.Join(x.Command, " "), limit: x.Timeout}
	p.missing.patience = missingPatience
	if h := s.Healthcheck; h != nil {
		p.missing.patience += h.StartPeriod
	}
	if x.Shell {
		if len(shell) == 0 {
			shell = []string{"/bin/sh", "-c"}
		}
		p.command = append(append([]string{}, shell...), x.Command...)
	}
	if p.limit == 0 {
		p.limit = execTimeout
	}
	return p
}

func (p *execProbe) String() string {
	first, _, more := strings.Cut(p.title, "\n")
	if more {
		first += " ..."
	}
	return "`" + first + "`"
}

// Limit returns how long one try may take.
func (p *execProbe) Limit() time.Duration { return p.limit }

// Check runs the command once.
func (p *execProbe) Check(ctx context.Context, _ probe.Dialer) error {
	var said lastLine
	began := time.Now()
	code, err := p.engine.Exec(ctx, p.id, engine.ExecSpec{Command: p.command, Stdout: &said, Stderr: &said})
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("has not ended after %s%s", time.Since(began).Round(100*time.Millisecond), said.colon())
	case err != nil:
		return err
	case code == 0:
		return nil
	}
	if err := engine.CannotRun(said.colon()); err != nil && (code == cannotExecute || code == noSuchProgram) {
		return err
	}
	return p.missing.judge(code, said.colon(), p.String())
}

// lastLine keeps the last line that is written to it and is not empty, and no more than can be of interest.
type lastLine struct {
	mu   sync.Mutex
	text []byte
}

const lineLimit = 4096

func (l *lastLine) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	if n := len(l.text) - lineLimit; n > 0 {
		l.text = append([]byte{}, l.text[n:]...)
	}
	return len(p), nil
}

// colon returns the line after a colon and a space, "" if there is none.
func (l *lastLine) colon() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := bytes.TrimSpace(l.text)
	if len(text) == 0 {
		return ""
	}
	line := string(bytes.TrimSpace(text[bytes.LastIndexAny(text, "\r\n")+1:]))
	return ": " + strings.ToValidUTF8(line, "")
}

// healthExec returns the health check of an image as the command that it is, nil if it has none.
func healthExec(i engine.Image) *stack.Exec {
	if len(i.Health) < 2 {
		return nil // none, or NONE
	}
	x := &stack.Exec{Command: i.Health[1:], Timeout: i.HealthTimeout}
	switch i.Health[0] {
	case "CMD":
	case "CMD-SHELL":
		x.Shell = true
	default:
		return nil
	}
	return x
}
