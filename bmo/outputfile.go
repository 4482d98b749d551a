package bmo

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/docker-bmo/docker-bmo/bootstrap"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/journal"
	"github.com/docker-bmo/docker-bmo/launch"
)

// OutputError is an error of a container of which only the last lines are shown, with the file that has all.
type OutputError struct {
	Err error
	// File is the path of a log file.
	File string
}

func (e *OutputError) Error() string { return fmt.Sprintf("%v\nwhole output: %s", e.Err, e.File) }

// Unwrap returns the error without the file.
func (e *OutputError) Unwrap() error { return e.Err }

// explain adds where the whole output of a failed bootstrap is, or of a service of which only the end is shown.
func (p *pipeline) explain(err error) error {
	var step *bootstrap.StepError
	var service *launch.ServiceError
	more := errors.As(err, &service) && len(service.Output) == journal.TailLines
	if file := p.logFile(); file != "" && (more || errors.As(err, &step)) {
		return &OutputError{Err: err, File: file}
	}
	return err
}

func (p *pipeline) logFile() string {
	if p.file == nil {
		return ""
	}
	return p.file.Name()
}

// openOutput begins the log file of the pipeline's containers. It is good to have, and no reason to refuse the work.
func (p *pipeline) openOutput() {
	p.journal = journal.New(nil, nil)
	if p.client.stateDir == "" {
		return
	}
	file, err := newOutputFile(p.client.stateDir, p.stack.Name)
	if err != nil {
		p.client.warn(hint.Wrap(fmt.Errorf("no log file is kept: %w", err), "XDG_STATE_HOME names a folder for it"))
		return
	}
	p.file, p.journal = file, journal.New(file, nil)
}

// close ends the log file, and removes one that is empty.
func (p *pipeline) close() {
	p.journal.Flush()
	if p.file == nil {
		return
	}
	p.file.Close()
	if fi, err := os.Stat(p.file.Name()); err == nil && fi.Size() == 0 {
		os.Remove(p.file.Name())
	}
}

// keepOutputFiles is how many log files stay on disk.
const keepOutputFiles = 50

// newOutputFile makes a log file and removes the oldest ones.
func newOutputFile(stateDir, name string) (*os.File, error) {
	dir := filepath.Join(stateDir, "journals")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	old, _ := filepath.Glob(filepath.Join(dir, "*.log"))
	slices.Sort(old) // names begin with the time
	for len(old) >= keepOutputFiles {
		os.Remove(old[0])
		old = old[1:]
	}
	return os.CreateTemp(dir, time.Now().UTC().Format("20060102T150405.000Z")+"-"+name+"-*.log")
}
