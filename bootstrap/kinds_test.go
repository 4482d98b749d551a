package bootstrap

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/stack"
)

// P10: a service has the same host name in its steps, in the check and in instances: its own name, unless it says so.
func TestP10HostNameIsTheServices(t *testing.T) {
	f := newFixture(t)
	names := make(chan string, 4)
	note := func(p enginetest.Program) enginetest.Program {
		return func(proc *enginetest.Proc) int {
			c, _ := f.Container(Name(f.req.Snapshot.Key) + "-web")
			names <- c.Config.Hostname
			return p(proc)
		}
	}
	f.programs["web load"], f.programs["web"] = note(f.programs["web load"]), note(f.programs["web"])
	_, err := Run(t.Context(), f.req)
	assert.NilError(t, err)
	assert.Equal(t, <-names+" "+<-names, "web web")

	f = newFixture(t)
	f.req.Stack.Services[2].Hostname = "shop.test"
	f.programs["web"] = note(f.programs["web"])
	_, err = Run(t.Context(), f.req)
	assert.NilError(t, err)
	assert.Equal(t, <-names, "shop.test")
}

// P13: a dump that is loaded in a step of the database's own service.
func TestP13HintNamesExec(t *testing.T) {
	f := newFixture(t)
	f.req.Stack.Bootstrap = []stack.Step{{Service: "db", Command: []string{"sh", "-c", "mysql -e 'create table t(i int)'"}}}
	f.programs["db sh -c mysql -e 'create table t(i int)'"] = enginetest.Exit(1, "Can't connect to local server")
	_, err := Run(t.Context(), f.req)
	assert.ErrorContains(t, err, "in service db ended with exit code 1")
	assert.Assert(t, strings.Contains(hint.All(err)[0], "`exec: true`"), hint.All(err)[0])
}

// P13: with exec, the step runs in the running service, which is committed at the end.
func TestP13StepInTheRunningService(t *testing.T) {
	f := newFixture(t)
	events := f.events()
	f.req.Stack.Bootstrap = append([]stack.Step{{
		Service: "db", Exec: true, Entrypoint: []string{"sh", "-c"}, Command: []string{"mysql < /dump.sql"},
		User: "mysql", WorkingDir: "/srv", Environment: map[string]string{"A": "1"},
	}}, f.req.Stack.Bootstrap...)
	ran := make(chan *enginetest.Exec, 1)
	f.SetCommand(func(x *enginetest.Exec) int { ran <- x; return 0 })
	s, err := Run(t.Context(), f.req)
	assert.NilError(t, err)
	x := <-ran
	assert.Equal(t, x.Container, Name(f.req.Snapshot.Key)+"-db")
	assert.DeepEqual(t, x.Options.Cmd, []string{"sh", "-c", "mysql < /dump.sql"})
	assert.DeepEqual(t, x.Options.Env, []string{"A=1"})
	assert.Equal(t, x.Options.User+" "+x.Options.WorkingDir, "mysql /srv")
	assert.DeepEqual(t, f.layers(t, s.Images["db"].ID), []string{"built db", "commit of db"})
	assert.Equal(t, events()[0], "start db")
}

func TestStepInTheRunningServiceFails(t *testing.T) {
	f := newFixture(t)
	f.req.Stack.Bootstrap = []stack.Step{{Service: "db", Exec: true, Command: []string{"mysql"}}}
	f.SetCommand(func(x *enginetest.Exec) int { _, _ = x.Stderr.Write([]byte("no such table\n")); return 2 })
	_, err := Run(t.Context(), f.req)
	var step *StepError
	assert.Assert(t, errors.As(err, &step))
	assert.Equal(t, step.Code, 2)
	assert.Assert(t, slices.Contains(step.Output, "no such table"), "%q", step.Output) // next to what the service itself prints
	assert.Assert(t, !strings.Contains(hint.All(err)[0], "exec: true"))
	f.leavesNothing(t)
}

// TestStepAfterOneInTheRunningService: a step in a container of its own continues from what the one before has left.
func TestStepAfterOneInTheRunningService(t *testing.T) {
	f := newFixture(t)
	f.req.Stack.Bootstrap = []stack.Step{
		{Service: "web", Exec: true, Command: []string{"seed"}},
		{Service: "web", Command: []string{"load"}},
		{Service: "web", Exec: true, Command: []string{"seed"}},
	}
	f.SetCommand(func(*enginetest.Exec) int { return 0 })
	s, err := Run(t.Context(), f.req)
	assert.NilError(t, err)
	assert.DeepEqual(t, f.layers(t, s.Images["web"].ID), []string{"built web", "commit of web", "commit of web load", "commit of web"})
}

func TestStepWithSettingsOfItsOwn(t *testing.T) {
	f := newFixture(t)
	f.req.Stack.Bootstrap[0].Entrypoint, f.req.Stack.Bootstrap[0].User = []string{"perl"}, "root"
	f.req.Stack.Bootstrap[0].WorkingDir = "/srv"
	got := make(chan enginetest.Container, 1)
	f.programs["web load"] = func(*enginetest.Proc) int {
		c, _ := f.Container(Name(f.req.Snapshot.Key) + "-web")
		got <- c
		return 0
	}
	_, err := Run(t.Context(), f.req)
	assert.NilError(t, err)
	c := <-got
	assert.Equal(t, c.Config.Entrypoint[0]+" "+c.Config.User+" "+c.Config.WorkingDir, "perl root /srv")
}

// U7: a command of several lines is one short line in the display.
func TestU7StepIsOneLine(t *testing.T) {
	f := newFixture(t)
	script := "set -e\n  for i in 1 2 3; do\n    load $i\n  done\n" + strings.Repeat("echo done; ", 20)
	f.req.Stack.Bootstrap[0].Command = []string{"sh", "-c", script}
	f.programs["web sh -c "+script] = enginetest.Exit(0)
	shown, err := f.shown(t)
	assert.NilError(t, err)
	line := " bootstrap 1/1 web: sh -c set -e for i in 1 2 3; do load $i done echo done; echo done; echo done; e…\n"
	assert.Assert(t, strings.Contains(shown, line), shown)
}

// migrate adds a service that runs to its end when the database is ready, and before the web service.
func (f *fixture) migrate(p enginetest.Program) {
	f.req.Stack.Services = slices.Insert(f.req.Stack.Services, 2, stack.Service{
		Name: "migrate", OneShot: true, Snapshot: true, DependsOn: []string{"db"}, StopGracePeriod: long,
	})
	f.req.Stack.Services[3].DependsOn = []string{"cache", "db", "migrate"}
	f.req.Built["migrate"] = f.req.Built["web"]
	f.programs["migrate"] = p
}

func TestOneShot(t *testing.T) {
	f := newFixture(t)
	f.migrate(enginetest.Exit(0, "migrated"))
	events := f.events()
	s, err := Run(t.Context(), f.req)
	assert.NilError(t, err)
	assert.DeepEqual(t, events(), []string{
		"start db", "start migrate", "start cache", "start web load", "commit web load", "start web",
		"kill web", "kill db", "kill cache", "commit db",
	})
	assert.DeepEqual(t, s.Services, []string{"cache", "db", "web"})
	assert.Equal(t, len(f.Objects()), len(f.before)+3)
}

func TestOneShotFails(t *testing.T) {
	f := newFixture(t)
	f.migrate(enginetest.Exit(3, "no such table"))
	_, err := Run(t.Context(), f.req)
	assert.Error(t, err, "service migrate ended with exit code 3; its last lines:\n  no such table")
	var step *StepError
	assert.Assert(t, errors.As(err, &step))
	f.leavesNothing(t)
}

func TestOneShotsWaitForEachOther(t *testing.T) {
	f := newFixture(t)
	f.migrate(enginetest.Exit(0))
	f.req.Stack.Services = slices.Insert(f.req.Stack.Services, 3, stack.Service{Name: "seed", OneShot: true, DependsOn: []string{"migrate", "cache"}})
	f.req.Built["seed"] = f.req.Built["web"]
	f.programs["seed"] = enginetest.Exit(0)
	events := f.events()
	_, err := Run(t.Context(), f.req)
	assert.NilError(t, err)
	assert.DeepEqual(t, events()[:4], []string{"start db", "start migrate", "start cache", "start seed"})
}

func TestSecretsAreInNoImage(t *testing.T) {
	f := newFixture(t)
	f.migrate(func(p *enginetest.Proc) int { return hasKey(p, "s3cret") })
	f.req.Stack.Variables = map[string]string{"KEY": "s3cret"}
	for i := range f.req.Stack.Services {
		f.req.Stack.Services[i].Files = []stack.File{{
			Name: "key", Secret: true, Target: "/run/secrets/key", Source: stack.Content{Variable: "KEY"}, UID: 33, GID: 34, Mode: 0o440,
		}}
	}
	f.programs["web load"] = func(p *enginetest.Proc) int { return hasKey(p, "s3cret") }
	web := f.programs["web"]
	f.programs["web"] = func(p *enginetest.Proc) int {
		if code := hasKey(p, "s3cret"); code != 0 {
			return code
		}
		return web(p)
	}
	s, err := Run(t.Context(), f.req)
	assert.NilError(t, err)
	for service, img := range s.Images {
		full, _ := f.Image(img.ID)
		if service == "cache" {
			continue // not committed
		}
		assert.DeepEqual(t, full.Files["/run/secrets/key"], enginetest.File{Mode: 0o440, UID: 33, GID: 34})
	}
}

// hasKey returns 0 if the secret is there.
func hasKey(p *enginetest.Proc, want string) int {
	if got, _ := p.ReadFile("/run/secrets/key"); got.Content != want {
		return 9
	}
	return 0
}

func TestSecretThatIsNotThere(t *testing.T) {
	f := newFixture(t)
	f.req.Stack.Services[2].Files = []stack.File{{Name: "key", Secret: true, Target: "/run/secrets/key", Source: stack.Content{Variable: "KEY"}}}
	_, err := Run(t.Context(), f.req)
	assert.ErrorContains(t, err, "service web: secret key: environment variable KEY is not set")
	f.leavesNothing(t)
}

// share gives the database and the web service a volume, with a secret in it, and has the step write to it.
func (f *fixture) share() {
	f.req.Snapshot.Volumes = []string{"uploads"}
	for i := range f.req.Stack.Services[1:] {
		f.req.Stack.Services[i+1].Mounts = []stack.Mount{{Target: "/srv/up", Volume: "uploads", Shared: true}}
	}
	f.req.Stack.Services[2].Files = []stack.File{{
		Name: "key", Secret: true, Target: "/srv/up/key", Source: stack.Content{Inline: "s3cret"}, Mode: 0o400,
	}}
	f.programs["web load"] = func(p *enginetest.Proc) int {
		p.WriteFile("/srv/up/logo.png", "logo")
		return 0
	}
}

func TestSharedVolumeIsInTheSnapshot(t *testing.T) {
	f := newFixture(t)
	f.share()
	seen := make(chan enginetest.File, 1)
	web := f.programs["web"]
	f.programs["web"] = func(p *enginetest.Proc) int {
		file, _ := p.ReadFile("/srv/up/logo.png")
		seen <- file
		return web(p)
	}
	s, err := Run(t.Context(), f.req)
	assert.NilError(t, err)
	assert.Equal(t, (<-seen).Content, "logo")
	assert.DeepEqual(t, s.Volumes, []string{"uploads"})
	assert.DeepEqual(t, s.Services, []string{"cache", "db", "web"})
	carrier, ok := f.Image(s.Images[label.Volume("uploads")].ID)
	assert.Assert(t, ok)
	assert.Equal(t, carrier.Files["/volume/logo.png"].Content, "logo")
	assert.DeepEqual(t, carrier.Files["/volume/key"], enginetest.File{Mode: 0o400}) // the secret is not in it
	assert.Assert(t, carrier.Created.Equal(f.req.Snapshot.Created))

	for _, o := range f.Objects() {
		assert.Assert(t, !strings.HasPrefix(o, "volume ") && !strings.HasPrefix(o, "container "), o)
	}
	assert.Equal(t, len(f.Objects()), len(f.before)+4)
}

// TestSharedVolumeBeginsWithTheFirstImages: as with docker, an empty volume gets what the image has at its path.
func TestSharedVolumeBeginsWithTheFirstImages(t *testing.T) {
	f := newFixture(t)
	f.share()
	f.AddImage(enginetest.Image{Tags: []string{f.req.Built["db"]}, Files: map[string]enginetest.File{"/srv/up/README": {Content: "db's"}}})
	f.AddImage(enginetest.Image{Tags: []string{f.req.Built["web"]}, Files: map[string]enginetest.File{"/srv/up/README": {Content: "web's"}}})
	s, err := Run(t.Context(), f.req)
	assert.NilError(t, err)
	carrier, _ := f.Image(s.Images[label.Volume("uploads")].ID)
	assert.Equal(t, carrier.Files["/volume/README"].Content, "db's")
}

func TestVolumesAreGoneWhenItFails(t *testing.T) {
	for _, c := range []struct{ method, path string }{
		{"POST", "/images/create"},
		{"GET", "/containers/[^/]+/archive"},
		{"PUT", "/containers/[^/]+/archive"},
		{"POST", "/volumes/create"},
		{"POST", "/commit"},
	} {
		f := newFixture(t)
		f.share()
		f.Fail(c.method, c.path, 500, "no", 1)
		_, err := Run(t.Context(), f.req)
		assert.ErrorContains(t, err, "no")
		f.leavesNothing(t)
	}
}

// TestRelabelKeepsTheVolumes: a snapshot that is given labels later has its volumes again.
func TestRelabelKeepsTheVolumes(t *testing.T) {
	f := newFixture(t)
	f.share()
	s, err := Run(t.Context(), f.req)
	assert.NilError(t, err)
	r := f.req
	r.Snapshot, r.Labels = *s, map[string]string{"ci": "1"}
	made, err := Relabel(t.Context(), r)
	assert.NilError(t, err)
	assert.DeepEqual(t, made.Volumes, []string{"uploads"})
	assert.Assert(t, made.HasLabel("ci=1"))
	carrier, _ := f.Image(made.Images[label.Volume("uploads")].ID)
	assert.Equal(t, carrier.Files["/volume/logo.png"].Content, "logo")
}
