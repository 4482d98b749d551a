package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// library has instances by testcontainers-go. The program that does it, in the folder testcontainers, is a module of its
// own: it prints a line when all are ready, and removes them when its input ends.
type library struct {
	unprepared
	b         *bench
	db, web   string // images
	bootstrap bool
	running   *libraryProcess
}

type libraryProcess struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	stderr strings.Builder
}

func (l *library) start(ctx context.Context, n int) error {
	cmd := exec.CommandContext(ctx, filepath.Join(l.b.tools, "bench-testcontainers"), "-n", strconv.Itoa(n), "-parallel", strconv.Itoa(atOnce()),
		"-db", l.db, "-web", l.web, "-bootstrap="+strconv.FormatBool(l.bootstrap))
	// Its reaper is an image that would have to be pulled.
	cmd.Env = append(os.Environ(), "TESTCONTAINERS_RYUK_DISABLED=true")
	p := &libraryProcess{cmd: cmd}
	cmd.Stderr = &p.stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	p.in = in
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	l.running = p
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || strings.TrimSpace(line) != "ready" {
		return errors.Join(fmt.Errorf("%s printed %q", cmd.Path, line), l.stop(ctx))
	}
	return nil
}

func (l *library) stop(context.Context) error {
	p := l.running
	if p == nil {
		return nil
	}
	l.running = nil
	_ = p.in.Close()
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(p.stderr.String()))
	}
	return nil
}
