package instance

import (
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/stack"
)

func TestParsePublish(t *testing.T) {
	st := &stack.Stack{
		Name:     "demo",
		Services: []stack.Service{{Name: "db"}, {Name: "web"}, {Name: "8080"}},
		URL:      stack.URL{Service: "web", Port: 8000},
	}
	for _, c := range []struct {
		word string
		want Publish
		err  string
	}{
		{word: "8000", want: Publish{"web", 8000, 0}},
		{word: "8080:8000", want: Publish{"web", 8000, 8080}},
		{word: "8080:8000/tcp", want: Publish{"web", 8000, 8080}},
		{word: "0:8000", want: Publish{"web", 8000, 0}},
		{word: "9000:9001", want: Publish{"web", 9001, 9000}},
		{word: "127.0.0.1:8080:8000", want: Publish{"web", 8000, 8080}},
		{word: "127.0.0.1::8000", want: Publish{"web", 8000, 0}},
		{word: "127.0.0.1:8000", want: Publish{"web", 8000, 0}},
		{word: "db:3306", want: Publish{"db", 3306, 0}},
		{word: "db:13306:3306", want: Publish{"db", 3306, 13306}},
		{word: "db:127.0.0.1:13306:3306/tcp", want: Publish{"db", 3306, 13306}},

		{word: "", err: `"" is no port`},
		{word: "http", err: `"http" is no port`},
		{word: "0", err: `"0" is no port`},
		{word: "65536", err: `"65536" is no port`},
		{word: "-1:8000", err: `"-1" is no port`},
		{word: "8000-8010", err: `"8000-8010" is no port`},
		{word: ":8000", err: `address "": ports are only published on 127.0.0.1`},
		{word: "db:", err: `"" is no port`},
		{word: "8000/udp", err: "protocol udp is not supported: only tcp is"},
		{word: "8000/", err: "protocol  is not supported: only tcp is"},
		{word: "0.0.0.0:8080:8000", err: `address "0.0.0.0": ports are only published on 127.0.0.1`},
		{word: "192.168.1.2:8080:8000", err: `address "192.168.1.2": ports are only published on 127.0.0.1`},
		{word: "db:0.0.0.0:1:2", err: `address "0.0.0.0": ports are only published on 127.0.0.1`},
		{word: "localhost:8080:8000", err: `address "localhost": ports are only published on 127.0.0.1`},
		{word: "[::1]:8080:8000", err: `address "[::1]": ports are only published on 127.0.0.1`},
		{word: "[", err: `address "": ports are only published on 127.0.0.1`},
		{word: "cache:11211", err: `stack demo has no service "cache"`},
		{word: "1:2:3", err: "want [SERVICE:][HOST:]PORT"},
	} {
		got, err := ParsePublish(st, []string{c.word})
		if c.err != "" {
			assert.Error(t, err, `invalid --publish "`+c.word+`": `+c.err)
			continue
		}
		assert.NilError(t, err, c.word)
		assert.DeepEqual(t, got, []Publish{c.want})
	}
}

func TestParsePublishTogether(t *testing.T) {
	st := &stack.Stack{Services: []stack.Service{{Name: "db"}, {Name: "web"}}, URL: stack.URL{Service: "web", Port: 8000}}
	for _, c := range []struct {
		words []string
		err   string
	}{
		{words: []string{"8000", "db:3306", "web:9000"}},
		{words: []string{"8000", "web:8000"}, err: `invalid --publish "web:8000": port 8000 of web is published already`},
		{words: []string{"1:8000", "db:1:3306"}, err: `invalid --publish "db:1:3306": port 1 is given to another one already`},
	} {
		_, err := ParsePublish(st, c.words)
		if c.err == "" {
			assert.NilError(t, err)
		} else {
			assert.Error(t, err, c.err)
		}
	}
	none, err := ParsePublish(st, nil)
	assert.NilError(t, err)
	assert.Equal(t, len(none), 0)
	_, err = ParsePublish(&stack.Stack{Name: "bare", Services: []stack.Service{{Name: "db"}}}, []string{"3306"})
	assert.ErrorContains(t, err, "stack bare has no address of its own")
}

func TestMappings(t *testing.T) {
	i := Instance{
		Name: "one", Services: map[string]string{"db": "id1", "web": "id2", "cache": "id3"},
		Ports: map[string]map[int]int{"web": {9000: 9001, 8000: 20000}, "db": {3306: 13306}},
	}
	assert.DeepEqual(t, i.ServiceNames(), []string{"cache", "db", "web"})
	assert.DeepEqual(t, i.Mappings("web"), []Mapping{{8000, "127.0.0.1:20000"}, {9000, "127.0.0.1:9001"}})
	assert.Equal(t, len(i.Mappings("cache")), 0)
	for port, want := range map[string]string{"3306": "127.0.0.1:13306", "3306/tcp": "127.0.0.1:13306"} {
		got, err := i.Address("db", port)
		assert.NilError(t, err)
		assert.Equal(t, got, want)
	}
	for port, want := range map[string]string{
		"3306/udp": "port 3306/udp of service db is not published", "3307": "port 3307 of service db is not published",
		"x": `"x" is no port`, "0": `"0" is no port`,
	} {
		_, err := i.Address("db", port)
		assert.Error(t, err, want)
	}
	_, err := i.Address("web2", "80")
	assert.Error(t, err, `instance one has no service "web2"`)
	assert.DeepEqual(t, hint.All(err), []string{"its services are cache, db, web"})
}

func TestFilter(t *testing.T) {
	one := Instance{Name: "demo-1a2b3c", Stack: "demo", Flavor: "low", State: Ready, Key: "0123456789abcdef"}
	for _, c := range []struct {
		f    Filter
		want bool
	}{
		{Filter{}, true},
		{Filter{Names: []string{"1a2"}}, true},
		{Filter{Names: []string{"^demo"}}, true},
		{Filter{Names: []string{"^1a2"}}, false},
		{Filter{Names: []string{"nope", "demo"}}, true},
		{Filter{Names: []string{"["}}, false},
		{Filter{Stacks: []string{"dem"}}, false},
		{Filter{Stacks: []string{"demo"}}, true},
		{Filter{Stacks: []string{"demo"}, Flavors: []string{"regular"}}, false},
		{Filter{States: []State{Starting, Broken}}, false},
		{Filter{States: []State{Starting, Ready}}, true},
		{Filter{Snapshots: []string{"0123"}}, true},
		{Filter{Snapshots: []string{"123"}}, false},
	} {
		assert.Equal(t, c.f.Match(one), c.want, "%+v", c.f)
	}
	for _, s := range []State{Starting, Ready, Broken} {
		got, err := ParseState(string(s))
		assert.NilError(t, err)
		assert.Equal(t, got, s)
	}
	_, err := ParseState("up")
	assert.Error(t, err, `no status "up": an instance is starting, running, paused or exited`)
}
