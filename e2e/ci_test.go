package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// runner is a machine of a CI system, with a cache, that runs one job after another in the same checkout.
type runner struct {
	t        *testing.T
	checkout string
	options  string            // of docker bmo build
	cache    string            // a folder with an entry for each key
	outputs  map[string]string // of the steps of the last job
	log      string            // of the last job
}

// shell runs a script of a job and adds what it prints to the log.
func (r *runner) shell(script string, env []string, words ...string) {
	r.t.Helper()
	file := filepath.Join(r.t.TempDir(), "script")
	assert.NilError(r.t, os.WriteFile(file, []byte(script), 0o600))
	cmd := exec.CommandContext(r.t.Context(), words[0], append(words[1:], file)...)
	cmd.Dir, cmd.Env = r.checkout, append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	r.log += string(out)
	assert.NilError(r.t, err, r.log)
}

// keep puts a file or folder into the cache, unless it is there, and restore gets it back; it reports whether there is one.
func (r *runner) keep(key, path string, replace bool) {
	r.t.Helper()
	entry := filepath.Join(r.cache, key)
	if _, err := os.Stat(entry); err == nil && !replace {
		return
	}
	assert.NilError(r.t, os.RemoveAll(entry))
	_, err := harness.Command("cp", "-a", path, entry)
	assert.NilError(r.t, err)
}

func (r *runner) restore(key, path string) bool {
	r.t.Helper()
	entry := filepath.Join(r.cache, key)
	if _, err := os.Stat(entry); err != nil {
		return false
	}
	_, err := harness.Command("cp", "-a", entry, path)
	assert.NilError(r.t, err)
	return true
}

// action is what the runner of GitHub Actions knows of a composite action.
type action struct {
	Outputs map[string]struct{ Value string }
	Runs    struct {
		Using string
		Steps []struct {
			ID, If, Uses, Shell, Run string
			Env, With                map[string]string
		}
	}
}

var expression = regexp.MustCompile(`\$\{\{ *([^}]*?) *\}\}`)

// github runs ci/github as a step of a job, and then a script.
func (r *runner) github(script string) {
	r.t.Helper()
	var a action
	raw, err := os.ReadFile("../ci/github/action.yml")
	assert.NilError(r.t, err)
	assert.NilError(r.t, yaml.Unmarshal(raw, &a))
	assert.Equal(r.t, a.Runs.Using, "composite")
	temp := r.t.TempDir()
	values := map[string]string{"inputs.options": r.options, "runner.temp": temp}
	expand := func(text string) string {
		return expression.ReplaceAllStringFunc(text, func(e string) string { return values[expression.FindStringSubmatch(e)[1]] })
	}
	r.log = ""
	for _, s := range a.Runs.Steps {
		if left, right, is := strings.Cut(s.If, " != "); is && values[left] == strings.Trim(right, "'") {
			continue
		}
		with := map[string]string{}
		for k, v := range s.With {
			with[k] = expand(v)
		}
		outputs := filepath.Join(temp, "outputs")
		assert.NilError(r.t, os.WriteFile(outputs, nil, 0o600))
		switch s.Uses {
		case "":
			assert.Equal(r.t, s.Shell, "bash")
			env := []string{"GITHUB_OUTPUT=" + outputs}
			for k, v := range s.Env {
				env = append(env, k+"="+expand(v))
			}
			r.shell(s.Run, env, "bash", "--noprofile", "--norc", "-e", "-o", "pipefail")
		case "actions/cache/restore@v4":
			if r.restore(with["key"], with["path"]) {
				assert.NilError(r.t, os.WriteFile(outputs, []byte("cache-hit=true\n"), 0o600))
			}
		case "actions/cache/save@v4":
			r.keep(with["key"], with["path"], false)
		default:
			r.t.Fatalf("an action that this runner does not know: %s", s.Uses)
		}
		raw, err := os.ReadFile(outputs)
		assert.NilError(r.t, err)
		for line := range strings.Lines(string(raw)) {
			name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			values["steps."+s.ID+".outputs."+name] = value
		}
	}
	r.outputs = map[string]string{}
	for name, o := range a.Outputs {
		r.outputs[name] = expand(o.Value)
	}
	r.shell(script, nil, "bash", "-e")
}

// gitlab runs a job that extends the template in ci/gitlab with a script.
func (r *runner) gitlab(script string) {
	r.t.Helper()
	var file map[string]struct {
		Variables map[string]string
		Cache     []struct {
			Key   string
			Paths []string
		}
		BeforeScript []string `yaml:"before_script"`
		AfterScript  []string `yaml:"after_script"`
	}
	raw, err := os.ReadFile("../ci/gitlab/docker-bmo.yml")
	assert.NilError(r.t, err)
	assert.NilError(r.t, yaml.Unmarshal(raw, &file))
	job := file[".docker-bmo"]
	_, has := job.Variables["DOCKER_BMO_OPTIONS"]
	assert.Assert(r.t, has)
	env := []string{"CI_PROJECT_DIR=" + r.checkout, "DOCKER_BMO_OPTIONS=" + r.options}
	key := os.Expand(job.Cache[0].Key, func(string) string { return "main" })
	path := filepath.Join(r.checkout, job.Cache[0].Paths[0])
	r.log = ""
	r.restore(key, path)
	r.shell(strings.Join(append(job.BeforeScript, script), "\n"), env, "sh", "-e")
	r.shell(strings.Join(job.AfterScript, "\n"), env, "sh", "-e")
	r.keep(key, path, true)
	assert.NilError(r.t, os.RemoveAll(path)) // the next job has a new checkout
}

// A CI system's machines are new for each job, and bootstrapped for minutes before the first test.
func TestCISystems(t *testing.T) {
	t.Parallel()
	harness.OnOneEngine(t)
	for name, job := range map[string]func(*runner, string){"github": (*runner).github, "gitlab": (*runner).gitlab} {
		t.Run(name, func(t *testing.T) {
			a := harness.NewMini(t, "ci-"+name, nil)
			args := a.Args("build")
			r := &runner{t: t, checkout: a.Dir, options: strings.Join(args[1:], " "), cache: t.TempDir()}
			test := "docker bmo run " + r.options + ` -- sh -c 'curl --silent --show-error --fail "$MINI_URL/"'`
			job(r, test)
			assert.Assert(t, strings.Contains(r.log, "hello"), r.log)
			keys := a.Keys(t)
			assert.Equal(t, len(keys), 1)

			harness.BMO(t, "snapshot", "rm", keys[0]).OK(t) // a new machine
			job(r, test)
			assert.Assert(t, strings.Contains(r.log, "Loaded snapshot: "+keys[0][:12]), r.log)
			assert.Assert(t, strings.Contains(r.log, "hello") && !strings.Contains(r.log, "bootstrap"), r.log)
			assert.DeepEqual(t, a.Keys(t), keys)
			if name == "github" {
				assert.DeepEqual(t, r.outputs, map[string]string{"snapshot": keys[0][:12], "cache-hit": "true"})
			}

			a.Write(t, "first-run.sh", a.Read(t, "first-run.sh")+"# a commit\n")
			job(r, test)
			assert.Assert(t, !strings.Contains(r.log, "Loaded snapshot"), r.log)
			assert.Equal(t, len(a.Keys(t)), 2)
		})
	}
}
