package main

import (
	"strings"
	"testing"

	"gotest.tools/v3/assert"
	is "gotest.tools/v3/assert/cmp"

	"github.com/docker-bmo/docker-bmo/bmo"
)

// offered returns what the shell is told to offer for the last word.
func (x *terminal) offered(words ...string) []string {
	x.t.Helper()
	text, _, err := x.runDocker(x.t, x.t.Context(), append([]string{"__completeNoDesc", "bmo"}, words...)...)
	assert.NilError(x.t, err)
	var out []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, ":") {
			out = append(out, strings.TrimSuffix(line, "\n"))
		}
	}
	return out
}

func TestCompletionOfWords(t *testing.T) {
	x := threeInstances(t)
	for _, c := range []struct {
		words string
		want  []string
	}{
		{"stop ", []string{"three", "two", "one"}},
		{"stop two ", []string{"three", "one"}},
		{"inspect ", []string{"three", "two", "one"}},
		{"logs ", []string{"three", "two", "one"}},
		{"logs one ", []string{"db", "web"}},
		{"logs one web ", []string{"db"}},
		{"exec one ", []string{"db", "web"}},
		{"exec one web ", nil},
		{"exec none ", nil},
		{"port one ", []string{"db", "web"}},
		{"snapshot rm ", []string{"bbbbbbbbbbbb", "aaaaaaaaaaaa"}},
		{"snapshot rm aaaaaaaaaaaa ", []string{"bbbbbbbbbbbb"}},
		{"snapshot save ", []string{"bbbbbbbbbbbb", "aaaaaaaaaaaa"}},
		{"snapshot save aaaaaaaaaaaa ", nil},
		{"snapshot save --base ", []string{"bbbbbbbbbbbb", "aaaaaaaaaaaa"}},
		{"snapshot inspect ", []string{"bbbbbbbbbbbb", "aaaaaaaaaaaa"}},
		{"run --stack FILE --snapshot ", []string{"aaaaaaaaaaaa"}},
		{"run --stack demo --snapshot ", nil},
		{"run --stack nowhere --snapshot ", nil},
		{"run --stack FILE --flavor ", []string{"low", "regular"}},
		{"run --stack FILE --publish ", []string{"db:", "web:"}},
		{"run --stack nowhere --flavor ", nil},
		{"run --progress ", []string{"auto", "plain", "tty", "quiet", "rawjson"}},
		{"run --format ", []string{"json"}},
		{"ps --format ", []string{"table", "json"}},
		{"ps --filter ", []string{"flavor=", "name=", "snapshot=", "stack=", "status="}},
		{"ps --filter status=", []string{"status=starting", "status=running", "status=paused", "status=exited"}},
		{"config --stack FILE --hash ", []string{"db", "web"}},
		{"prune --filter ", []string{"label=", "label!=", "until="}},
		{"prune --stack ", []string{"other", "shop"}},
		{"config --format ", []string{"yaml", "json", "kubernetes"}},
		{"completion ", []string{"bash", "fish", "powershell", "zsh"}},
	} {
		words := strings.Split(strings.ReplaceAll(c.words, "FILE", x.file), " ")
		assert.DeepEqual(t, x.offered(words...), c.want)
	}
	for _, stack := range bmo.Stacks() {
		assert.Assert(t, is.Contains(x.offered("build", "--stack", ""), stack))
	}
}

func TestCompletionScripts(t *testing.T) {
	x := newTerminal(t)
	for _, shell := range shells {
		assert.Equal(t, x.run("completion", shell), 0)
		assert.Assert(t, is.Contains(x.out, "__complete"), shell)
	}
	assert.Equal(t, x.run("completion", "csh"), 1)
	x.golden("completion-unknown")
}
