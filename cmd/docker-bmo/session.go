package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/docker/cli/cli/command"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/journal"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/prune"
)

// newEngine is the engine that docker itself would use.
func newEngine(dockerCli command.Cli) *engine.Engine {
	return engine.New(dockerCli.Client()).At(dockerCli.DockerEndpoint().Host)
}

// connect returns the engine that docker itself would use, after sweeping away what has lost its owner on it.
func connect(ctx context.Context, dockerCli command.Cli) (*engine.Engine, engine.Info, error) {
	e, info, err := reach(ctx, dockerCli)
	if err != nil {
		return nil, info, err
	}
	swept := sayIfSlow(dockerCli.Err(), "removing what earlier commands have left behind")
	_, err = prune.Sweep(ctx, e)
	swept()
	if err != nil && ctx.Err() == nil {
		// What cannot be removed now will be met again by the next command; it is no reason to refuse this one.
		fmt.Fprintf(dockerCli.Err(), "warning: left-overs of earlier commands could not all be removed: %v\n", err)
	}
	return e, info, nil
}

// slow is how long something may take that no progress is shown of, before it is said.
var slow = 3 * time.Second

// sayIfSlow says what is under way when it is not over soon. The caller calls done when it is.
func sayIfSlow(w io.Writer, text string) (done func()) {
	over := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		select {
		case <-over:
		case <-time.After(slow):
			fmt.Fprintln(w, text)
		}
	})
	return func() {
		close(over)
		wg.Wait()
	}
}

// open prepares a pipeline for the stack that the options name. The caller closes its printer and journal by close.
func open(ctx context.Context, dockerCli command.Cli, o stackOptions) (p *pipeline, closeAll func(), err error) {
	st, err := o.load(ctx)
	if err != nil {
		return nil, nil, err
	}
	e, info, err := connect(ctx, dockerCli)
	if err != nil {
		return nil, nil, err
	}
	p = &pipeline{engine: e, info: info, stack: st, options: o, session: registryAuth(dockerCli)}
	if err := p.prepare(); err != nil {
		return nil, nil, err
	}
	printer, err := progress.New(progressOut(dockerCli), o.mode(), o.doing)
	if err != nil {
		return nil, nil, err
	}
	p.progress, p.journal = printer, journal.New(nil, nil)
	file, err := newJournalFile(st.Name)
	if err != nil { // a journal is good to have, and no reason to refuse the work that it would be about
		fmt.Fprintf(dockerCli.Err(), "warning: no journal is kept: %v\nhint: XDG_STATE_HOME names a folder for it\n", err)
	} else {
		p.journal, p.logFile = journal.New(file, nil), file.Name()
	}
	if info.SlowDriver() {
		fmt.Fprintf(dockerCli.Err(), "warning: the engine's storage driver %s copies whole filesystems: commits take seconds\n", info.Driver)
	}
	closeAll = func() {
		printer.Close()
		p.journal.Flush()
		if file == nil {
			return
		}
		file.Close()
		if fi, err := os.Stat(file.Name()); err == nil && fi.Size() == 0 {
			os.Remove(file.Name())
		}
	}
	return p, closeAll, nil
}

// progressOut is where progress is shown. The display needs the terminal itself, not the client's wrapper of it.
func progressOut(dockerCli command.Cli) io.Writer {
	if dockerCli.Err().IsTerminal() {
		return os.Stderr
	}
	return dockerCli.Err()
}

// keepJournals is how many journals stay on disk.
const keepJournals = 50

// newJournalFile makes a journal's file and removes the oldest ones.
func newJournalFile(name string) (*os.File, error) {
	dir := filepath.Join(stateDir(), "journals")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	old, _ := filepath.Glob(filepath.Join(dir, "*.log"))
	slices.Sort(old) // names begin with the time
	for len(old) >= keepJournals {
		os.Remove(old[0])
		old = old[1:]
	}
	return os.CreateTemp(dir, time.Now().UTC().Format("20060102T150405.000Z")+"-"+name+"-*.log")
}
