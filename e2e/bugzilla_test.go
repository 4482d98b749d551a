//go:build bugzilla && linux

package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/dockerfiles"
	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// newBugzilla is the built-in stack of the real one, from the source tree that BUGZILLA_SOURCE names.
func newBugzilla(t testing.TB, suffix string, flags ...string) *harness.App {
	t.Helper()
	source := os.Getenv("BUGZILLA_SOURCE")
	assert.Assert(t, source != "", "BUGZILLA_SOURCE names no source tree of Bugzilla")
	a := harness.NewApp(t, dockerfiles.FS, "bugzilla", suffix, nil)
	a.Flags = append([]string{"--source", source}, flags...)
	return a
}

// The real one: built and bootstrapped from a source tree, found again when nothing has changed, and four of it at once,
// each with its own bugs and its own address.
func TestBugzilla(t *testing.T) {
	p := harness.NewProxy(t, nil, nil)
	a := newBugzilla(t, "bugzilla")
	a.CLI = p.CLI()
	a.CLI.Patience = 15 * time.Minute // most of it is the installation of packages

	key := a.Build(t)
	p.Forget()
	assert.Equal(t, a.Build(t), key)
	assert.DeepEqual(t, p.Seen(buildKit), []string{})

	list := a.Runs(t, "-n", "4")
	for n, i := range list {
		for range n + 1 { // a bug more in each than in the one before
			bugzilla(i).create(t, "made by the end-to-end test")
		}
	}
	for n, i := range list {
		b := bugzilla(i)
		assert.Equal(t, b.bugs(t), n+1)
		b.knowsItsAddress(t, i)
	}
	hasTestData(t, list[0])
}

// The real one on MariaDB, in the flavor that is not the default.
func TestBugzillaOnMariaDB(t *testing.T) {
	a := newBugzilla(t, "bugzilla-mariadb", "--db", "mariadb")
	a.CLI.Patience = 15 * time.Minute
	a.Build(t)
	i := a.Runs(t, "--flavor", "regular")[0]
	b := bugzilla(i)
	b.create(t, "kept by MariaDB")
	assert.Equal(t, b.bugs(t), 1)
	b.knowsItsAddress(t, i)
	hasTestData(t, i)
}

// The whole main path of the real one, on an engine of which nothing but its API can be reached.
func TestBugzillaOverSSH(t *testing.T) {
	m, _, c := overSSH(t)
	a := newBugzilla(t, "bugzilla-ssh")
	a.CLI = c
	a.CLI.Patience = 15 * time.Minute
	key := a.Build(t)
	assert.Equal(t, a.Build(t), key)

	said := a.Do(t, "run", "--", "sh", "-c", `echo "$BMO_URL" && curl --silent --show-error --fail "$BMO_URL/search_plugin.cgi"; exit 7`)
	said.Fails(t, 7)
	address, page, _ := strings.Cut(said.Stdout, "\n")
	assert.Assert(t, strings.Contains(page, `"`+address+"/buglist.cgi?"), said.Stdout)
	a.LeavesNothing(t)
	inForeground(t, a, m, func(there harness.Tracker) { tracker{there}.create(t, "from afar") })
	detached(t, a, sshHint)

	a.CLI.Run(t, "prune", "--all", "--force", "--stack", a.Name).OK(t)
	assert.Equal(t, len(a.Keys(t)), 0)
	a.LeavesNothing(t)
}

// tracker is Bugzilla's REST interface. The API key is a parameter there, and the fields are not quite those of BMO.
type tracker struct{ harness.Tracker }

func bugzilla(i harness.Started) tracker { return tracker{i.Tracker()} }

func (b tracker) with(path string, more ...string) string {
	q := url.Values{"api_key": {b.Key}}
	for i := 0; i < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return path + "?" + q.Encode()
}

func (b tracker) create(t testing.TB, summary string) int {
	t.Helper()
	var made struct{ ID int }
	b.Request(t, http.MethodPost, b.with("/rest/bug"), map[string]string{
		"product": "Sample", "component": "General", "version": "unspecified", "op_sys": "All", "platform": "All",
		"summary": summary, "description": summary,
	}, &made)
	var got struct{ Bugs []struct{ Summary string } }
	b.Request(t, http.MethodGet, b.with(fmt.Sprintf("/rest/bug/%d", made.ID)), nil, &got)
	assert.Equal(t, got.Bugs[0].Summary, summary)
	return made.ID
}

func (b tracker) bugs(t testing.TB) int {
	t.Helper()
	var got struct{ Bugs []struct{ ID int } }
	b.Request(t, http.MethodGet, b.with("/rest/bug", "product", "Sample"), nil, &got)
	return len(got.Bugs)
}

// knowsItsAddress looks for the address in pages, in an answer of the REST interface, and in mail.
func (b tracker) knowsItsAddress(t testing.TB, i harness.Started) {
	t.Helper()
	assert.Assert(t, strings.Contains(harness.Get(t, i.URL+"/search_plugin.cgi"), `"`+i.URL+"/buglist.cgi?"))
	assert.Assert(t, strings.Contains(harness.Get(t, i.URL+"/show_bug.cgi?ctype=xml&id=1"), `urlbase="`+i.URL+`/"`))

	// A bug of the same installation is told by its address.
	another := b.create(t, "seen also")
	b.Request(t, http.MethodPut, b.with("/rest/bug/1"), map[string]any{"see_also": map[string][]string{"add": {fmt.Sprint(another)}}}, nil)
	var got struct {
		Bugs []struct {
			SeeAlso []string `json:"see_also"`
		}
	}
	b.Request(t, http.MethodGet, b.with("/rest/bug/1"), nil, &got)
	link := fmt.Sprintf("%s/show_bug.cgi?id=%d", i.URL, another)
	assert.DeepEqual(t, got.Bugs[0].SeeAlso, []string{link})

	// Mail is quoted-printable.
	mail := harness.Docker(t, "exec", i.Services["web"], "cat", "data/mailer.testfile")
	mail = strings.NewReplacer("=\n", "", "=3D", "=").Replace(mail)
	assert.Assert(t, strings.Contains(mail, "To: developer@bugzilla.test"), mail)
	assert.Assert(t, strings.Contains(mail, link), mail)
	for _, l := range address.FindAllString(mail, -1) {
		assert.Equal(t, l[:len(l)-1], i.URL)
	}
}

// hasTestData asks for what the stack makes for tests: an administrator with an API key, two users, a product.
func hasTestData(t testing.TB, i harness.Started) {
	t.Helper()
	b := bugzilla(i)
	var users struct {
		Users []struct {
			Name   string
			Groups []struct{ Name string }
		}
	}
	b.Request(t, http.MethodGet, b.with("/rest/user", "names", i.Env["BMO_ADMIN_LOGIN"]), nil, &users)
	groups := fmt.Sprint(users.Users[0].Groups)
	assert.Assert(t, strings.Contains(groups, "{admin}"), groups)

	for _, login := range []string{i.Env["BMO_ADMIN_LOGIN"], "developer@bugzilla.test", "reporter@bugzilla.test"} {
		var session struct{ Token string }
		query := url.Values{"login": {login}, "password": {i.Env["BMO_ADMIN_PASSWORD"]}}
		b.Request(t, http.MethodGet, "/rest/login?"+query.Encode(), nil, &session)
		assert.Assert(t, session.Token != "")
	}
	var products struct {
		Products []struct{ Components []struct{ Name string } }
	}
	b.Request(t, http.MethodGet, b.with("/rest/product", "names", "Sample"), nil, &products)
	assert.Equal(t, fmt.Sprint(products.Products[0].Components), "[{General}]")
}
