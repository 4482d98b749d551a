package stack

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"

	"gotest.tools/v3/assert"
)

// small is the least that a stack has to say.
const small = `
name: small
services:
  web:
    image: debian:trixie-slim
    x-bmo: {ready: {http: {port: 80}}}
x-bmo:
  url: {service: web, port: 80}
`

func TestReferences(t *testing.T) {
	for _, c := range []struct {
		text string
		want []variableRef
	}{
		{"none", nil},
		{"$A", []variableRef{{"A", "", ""}}},
		{"${A}", []variableRef{{"A", "", ""}}},
		{"$A_1-$B.c", []variableRef{{"A_1", "", ""}, {"B", "", ""}}},
		{"$$A $${B} $", nil},
		{"${A:-x}${B-y}${C:+z}${D+}${E:?why}${F?}", []variableRef{
			{"A", ":-", "x"}, {"B", "-", "y"}, {"C", ":+", "z"}, {"D", "+", ""}, {"E", ":?", "why"}, {"F", "?", ""},
		}},
		{"${A:-${B:-{}}}/${C}", []variableRef{{"A", ":-", "${B:-{}}"}, {"C", "", ""}}},
		{"${A:-open", []variableRef{{"A", ":-", "open"}}},
		{"{{.URL}} ${1}", nil},
	} {
		t.Run(c.text, func(t *testing.T) {
			got := references(c.text)
			assert.Equal(t, len(got), len(c.want))
			for i := range got {
				assert.Equal(t, got[i], c.want[i])
			}
		})
	}
}

// TestVariables looks at one value with each way to give a variable.
func TestVariables(t *testing.T) {
	set := func(s ...string) map[string]string {
		m := map[string]string{}
		for _, kv := range s {
			name, value, _ := strings.Cut(kv, "=")
			m[name] = value
		}
		return m
	}
	for _, c := range []struct {
		name, text, dotenv, want string
		opts                     Options
	}{
		{name: "default", text: "${A:-x}", want: "x"},
		{name: "empty default", text: "${A:-}", want: ""},
		{name: "environ wins over default", text: "${A:-x}", opts: Options{Environ: []string{"A=e"}}, want: "e"},
		{name: "set wins over environ", text: "$A", opts: Options{Environ: []string{"A=e"}, Set: set("A=s")}, want: "s"},
		{name: "environ wins over .env", text: "$A", dotenv: "A=d", opts: Options{Environ: []string{"A=e"}}, want: "e"},
		{name: ".env", text: "$A", dotenv: "A=d", want: "d"},
		{name: ".env uses environ", text: "$A", dotenv: "A=${B}!", opts: Options{Environ: []string{"B=e"}}, want: "e!"},
		{name: "empty counts as unset", text: "${A:-x}", opts: Options{Set: set("A=")}, want: "x"},
		{name: "empty is a value", text: "[${A-x}$A]", opts: Options{Set: set("A=")}, want: "[]"},
		{name: "value with an equals sign", text: "$A", opts: Options{Environ: []string{"A=b=c"}}, want: "b=c"},
		{name: "nested", text: "${A:-${B}}", opts: Options{Set: set("B=b")}, want: "b"},
		{name: "nested and not needed", text: "${A:-${B}}", opts: Options{Set: set("A=a")}, want: "a"},
		{name: "set but not needed", text: "${A:-${B}}", opts: Options{Set: set("A=a", "B=b")}, want: "a"},
		{name: "alternative", text: "${A:+yes}", opts: Options{Set: set("A=a")}, want: "yes"},
		{name: "no alternative", text: "[${A:+${B}}]", want: "[]"},
		{name: "required", text: "${A:?why}", opts: Options{Set: set("A=a")}, want: "a"},
		{name: "escaped", text: "$$A", want: "$A"},
		{name: "template", text: "{{.URL}}/$$", want: "{{.URL}}/$"},
	} {
		t.Run(c.name, func(t *testing.T) {
			fsys := fstest.MapFS{"compose.yaml": {Data: []byte(small + "  env: {V: '" + c.text + "'}\n")}}
			if c.dotenv != "" {
				fsys[".env"] = &fstest.MapFile{Data: []byte(c.dotenv)}
			}
			s, err := LoadFS(context.Background(), fsys, "compose.yaml", c.opts)
			assert.NilError(t, err)
			assert.Equal(t, s.Env["V"], c.want)
		})
	}
}

// TestVariableTypes gives a variable where a number, a boolean and a size is due.
func TestVariableTypes(t *testing.T) {
	text := strings.NewReplacer(
		"port: 80}}}", "port: $PORT, status: $STATUS}, timeout: $WAIT}, snapshot: $SNAP, flavors: {low: {mem_limit: $MEM}}}",
		"    image:", "    init: $INIT\n    mem_limit: $MEM\n    image:",
	).Replace(small)
	s, err := loadText(t, text, Options{Environ: []string{
		"PORT=8080", "STATUS=200-299", "WAIT=7s", "SNAP=false", "MEM=5m", "INIT=true",
	}})
	assert.NilError(t, err)
	web := s.Services[0]
	assert.DeepEqual(t, web.Ready.HTTP, &HTTP{Port: 8080, Path: "/", MinStatus: 200, MaxStatus: 299})
	assert.Equal(t, web.Ready.Timeout.String(), "7s")
	assert.Assert(t, web.Init && !web.Snapshot)
	assert.Equal(t, web.MemLimit, int64(5<<20))
	assert.Equal(t, web.Flavors["low"].MemLimit, int64(5<<20))
}

// TestHermetic sees to it that a load takes nothing from the process.
func TestHermetic(t *testing.T) {
	t.Setenv("FROM_PROCESS", "leak")
	s, err := loadText(t, small+"  env: {V: '${FROM_PROCESS:-clean}'}\n", Options{})
	assert.NilError(t, err)
	assert.Equal(t, s.Env["V"], "clean")
	s, err = loadText(t, small+"  env: {V: '${FROM_PROCESS}'}\n", Options{})
	assert.NilError(t, err)
	assert.Equal(t, s.Env["V"], "")
	assert.DeepEqual(t, s.Warnings, []string{"variable FROM_PROCESS is not set, and is taken as empty"})
}

func TestSetUnused(t *testing.T) {
	opts := Options{Set: map[string]string{"IMGE": "x", "B": "used"}}
	_, err := loadText(t, small+"  env: {V: '${IMAGE:-a}${C:-${B}}'}\n", opts)
	assert.Error(t, err, "notes/compose.yaml: variable IMGE is set, but the stack does not use it\n"+
		"hint: its variables are B, C, IMAGE")
	_, err = loadText(t, small, opts)
	assert.ErrorContains(t, err, "hint: it has no variables")
}

func TestBadDotenv(t *testing.T) {
	fsys := fstest.MapFS{
		"compose.yaml": {Data: []byte(small)},
		".env":         {Data: []byte("A='unterminated")},
	}
	_, err := LoadFS(context.Background(), fsys, "compose.yaml", Options{})
	assert.ErrorContains(t, err, "compose.yaml: cannot read .env: ")
}
