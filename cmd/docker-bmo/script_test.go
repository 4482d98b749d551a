package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/snapshot/snapshottest"
)

// TestScripts runs the plugin itself, as docker does, against a fake engine on which there is a snapshot of the stack
// testdata/app. In addition to testscript's own there are these commands:
//
//	status CODE COMMAND...   runs a command that has to exit with that code
//	engine VERSION API [DRIVER]   makes the engine one of that version and storage driver
//	fail METHOD PATH STATUS TIMES MESSAGE   makes requests fail
//	program SERVICE NAME     lets a service's containers run: serve, crash, sleep
//	signal NAME CODE COMMAND...   runs a command, sends it the signal as soon as it has printed something, and waits for that exit code
//	requests N PATTERN       fails unless there have been as many requests "METHOD PATH"
//	objects N                fails unless as many objects are on the engine
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/script/*.txtar")
	assert.NilError(t, err)
	app, err := filepath.Abs("testdata/app")
	assert.NilError(t, err)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			s := newStage(t, filepath.Join(app, "compose.yaml"))
			testscript.Run(t, testscript.Params{
				Files: []string{file}, RequireExplicitExec: true, RequireUniqueNames: true,
				UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
				Setup: func(e *testscript.Env) error {
					e.Setenv("GORACE", "atexit_sleep_ms=0") // otherwise each command takes a second to end
					e.Setenv("HOME", e.WorkDir)
					e.Setenv("DOCKER_HOST", s.Host())
					e.Setenv("APP", app)
					e.Setenv("XDG_STATE_HOME", filepath.Join(e.WorkDir, "state"))
					s.env = e.Vars
					return nil
				},
				Cmds: map[string]func(*testscript.TestScript, bool, []string){
					"status": status, "engine": s.engine, "fail": s.fail, "program": s.program,
					"signal": s.signal, "requests": s.requests, "objects": s.objects,
				},
			})
		})
	}
}

// stage is the engine that a script uses.
type stage struct {
	*docker
	t        *testing.T
	env      []string
	programs map[string]*atomic.Value // of enginetest.Program, by service
}

func newStage(t *testing.T, stackFile string) *stage {
	t.Helper()
	s := &stage{docker: newDocker(t), t: t, programs: map[string]*atomic.Value{"db": {}, "web": {}}}
	for service := range s.programs {
		s.programs[service].Store(programs["serve"])
	}
	s.SetPrograms(func(spec enginetest.Spec) enginetest.Program {
		return s.programs[spec.Labels[label.Service]].Load().(enginetest.Program)
	})
	made := snapshottest.New("app", "0123456789ab", time.Now(), "db", "web")
	made.Inputs = s.inputs(t, stackOptions{stacks: []string{stackFile}})
	snapshottest.Add(s.Fake.Fake, made)
	return s
}

// programs are what services run.
var programs = map[string]enginetest.Program{
	"serve": func(p *enginetest.Proc) int {
		p.Listen(3306, enginetest.Silent)
		p.Listen(8000, enginetest.HTTP(enginetest.Answer(http.StatusOK, "fine")))
		p.Print("serving")
		return p.UntilStopped(0)
	},
	"crash": enginetest.Exit(3, "cannot serve"),
	"sleep": enginetest.Serve("asleep"),
}

func status(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

func (s *stage) engine(_ *testscript.TestScript, _ bool, args []string) {
	about := enginetest.Modern
	about.Version, about.APIVersion = args[0], args[1]
	if len(args) > 2 {
		about.Driver = args[2]
	}
	s.SetAbout(about)
}

func (s *stage) requests(ts *testscript.TestScript, _ bool, args []string) {
	method, pattern, _ := strings.Cut(args[1], " ")
	if n := s.Count(method, pattern); strconv.Itoa(n) != args[0] {
		ts.Fatalf("%d requests: %s", n, s.Requests())
	}
}

func (s *stage) fail(ts *testscript.TestScript, _ bool, args []string) {
	code, err := strconv.Atoi(args[2])
	ts.Check(err)
	times, err := strconv.Atoi(args[3])
	ts.Check(err)
	s.Fail(args[0], args[1], code, strings.Join(args[4:], " "), times)
}

func (s *stage) program(_ *testscript.TestScript, _ bool, args []string) {
	s.programs[args[0]].Store(programs[args[1]])
}

var signals = map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP}

func (s *stage) signal(ts *testscript.TestScript, _ bool, args []string) {
	// env looks up the command as the script would.
	cmd := exec.CommandContext(s.t.Context(), "env", append(s.env, args[2:]...)...)
	cmd.Dir = ts.MkAbs(".")
	var errOut bytes.Buffer
	cmd.Stderr = &errOut
	stdout, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	out := bufio.NewReader(stdout)
	_, err = out.Peek(1)
	ts.Check(err)
	ts.Check(cmd.Process.Signal(signals[args[0]]))
	rest, err := io.ReadAll(out)
	ts.Check(err)
	_ = cmd.Wait()
	ts.Check(os.WriteFile(ts.MkAbs("stdout"), rest, 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("stderr"), errOut.Bytes(), 0o600))
	if code := cmd.ProcessState.ExitCode(); strconv.Itoa(code) != args[1] {
		ts.Fatalf("exit code %d, want %s\n%s%s", code, args[1], rest, &errOut)
	}
}

func (s *stage) objects(ts *testscript.TestScript, _ bool, args []string) {
	if objects := s.Objects(); fmt.Sprint(len(objects)) != args[0] {
		ts.Fatalf("on the engine: %s", objects)
	}
}
