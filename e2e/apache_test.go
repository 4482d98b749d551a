package e2e

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/dockerfiles"
	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

var standIn struct {
	sync.Once
	app *harness.App
	key string
}

// apache is the built-in stack of Bugzilla, on the few packages that a tracker of the same shape needs: Apache and
// mod_perl, and addresses in two files. The first who asks makes the snapshot.
func apache(t *testing.T) (*harness.App, string) {
	t.Helper()
	standIn.Do(func() {
		a := harness.NewApp(forever{t}, dockerfiles.FS, "bugzilla", "apache", nil)
		a.Write(t, "web/packages.txt", "apache2\nlibapache2-mod-perl2\nlibdbd-mysql-perl\n")
		source, err := filepath.Abs("testdata/bugzilla")
		assert.NilError(t, err)
		a.Flags = []string{"--source", source, "--set", "DEBIAN_IMAGE=debian:trixie-slim", "--set", "TEST_DATA=no"}
		standIn.app, standIn.key = a, a.Build(t)
	})
	assert.Assert(t, standIn.key != "", "the stack could not be built: see the first test that asked for it")
	return standIn.app, standIn.key
}

// Addresses sat in two configuration files, and both were stale in every copy.
func TestAddressOnDiskIsTheInstancesOwn(t *testing.T) {
	harness.OnOneEngine(t)
	t.Parallel()
	a, key := apache(t)
	list := a.Runs(t, "-n", "2")
	for _, i := range list {
		knowsItsAddress(t, i)
	}
	assert.Equal(t, list[0].Tracker().Summary(t, 2), "")

	// What an administrator has set is there after a restart, and the address is right even after a kill and a change.
	web := list[0].Services["web"]
	harness.Docker(t, "exec", web, "sed", "-i", "s|127.0.0.1:[0-9]*|elsewhere.invalid|; s|quips\" : \"|&new |", "data/params.json")
	harness.Docker(t, "kill", web)
	harness.Docker(t, "start", web)
	harness.Until(t, "Apache's answer", func() bool {
		res, err := harness.Browser.Get(list[0].URL + "/rest/version")
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	knowsItsAddress(t, list[0])
	assert.Assert(t, strings.Contains(harness.Docker(t, "exec", web, "cat", "data/params.json"), `"new \u00fcber \"\\\""`))

	// The image has the bootstrap's address in the one file, has not the other one, and no mail.
	assert.Equal(t, in(t, a, key, "web", `grep -rhoE '[a-z]+://[^/"]*' data; ls -L localconfig 2>&1 | grep -c "No such"; cat data/mailer.testfile`),
		"http://127.0.0.1:8000\n1")
}

// knowsItsAddress looks for the instance's address in all that has one: a page, an answer, a mail, and within itself.
func knowsItsAddress(t *testing.T, i harness.Started) {
	t.Helper()
	assert.Equal(t, strings.Count(harness.Get(t, i.URL+"/"), i.URL), 3)
	b := i.Tracker()
	id := b.Create(t, "", "", `it's "ü"`)
	assert.Equal(t, b.Summary(t, id), `it's "ü"`)
	link := fmt.Sprintf("%s/show_bug.cgi?id=%d", i.URL, id)
	var got struct{ Bugs []struct{ URL string } }
	b.Request(t, http.MethodGet, fmt.Sprintf("/rest/bug/%d", id), nil, &got)
	assert.Equal(t, got.Bugs[0].URL, link)
	assert.Assert(t, strings.HasSuffix(harness.Docker(t, "exec", i.Services["web"], "cat", "data/mailer.testfile"), "\n"+link))
	harness.Docker(t, "exec", i.Services["web"], "bash", "-c", `exec 3<>"/dev/tcp/127.0.0.1/$0"`, strings.TrimPrefix(i.URL, "http://127.0.0.1:"))
}

// Values were put together to Perl code and to JSON.
func TestSettingsAreDataNotCode(t *testing.T) {
	harness.OnOneEngine(t)
	t.Parallel()
	a, _ := apache(t)
	web := a.Run(t).Services["web"]
	configure := func(environment ...string) (string, error) {
		args := []string{"exec"}
		for _, e := range environment {
			args = append(args, "--env", e)
		}
		return harness.Command("docker", append(args, web, "perl", "/opt/docker-bmo/configure.pl")...)
	}
	for _, value := range []string{`a'b"c`, `$HOME @ARGV @{[die]}`, `\`, `\\'`, "two\nlines", `'; die; '`, "ü ☃", ""} {
		_, err := configure("BZ_db_pass=" + value)
		assert.NilError(t, err)
		got := harness.Docker(t, "exec", web, "perl", "-I.", "-MBugzilla", "-e", "print Bugzilla::localconfig()->{db_pass}")
		assert.Equal(t, got, value)
	}

	params := harness.Docker(t, "exec", web, "cat", "data/params.json")
	for _, address := range []string{"", "nowhere", `http://a"/`, "http://a/\n", "http://a", "http://a:b/", "http://$(id)/", "javascript:alert(1)/"} {
		_, err := configure("BZ_urlbase=" + address)
		assert.ErrorContains(t, err, "BZ_urlbase is no address")
	}
	assert.Equal(t, harness.Docker(t, "exec", web, "cat", "data/params.json"), params)

	for _, c := range []struct{ spoil, want string }{
		{"echo { >data/params.json", "has no parameters in it"},
		{"rm -r data", "there is no /app/data/params.json"},
	} {
		harness.Docker(t, "exec", web, "sh", "-c", c.spoil)
		_, err := configure()
		assert.ErrorContains(t, err, c.want)
		assert.ErrorContains(t, err, "hint: ")
	}
}

// Apache took 350 MB: a low flavor has one worker in wait, and all of it is the server itself, stopped gracefully.
func TestApacheRunsAsInProduction(t *testing.T) {
	harness.OnOneEngine(t)
	t.Parallel()
	a, _ := apache(t)
	workers := func(i harness.Started) string {
		return harness.Docker(t, "exec", i.Services["web"], "sh", "-c", "cat /proc/1/comm; cat /proc/[0-9]*/task/1/children | wc -w")
	}
	low, regular := a.Runs(t)[0], a.Runs(t, "--flavor", "regular")[0]
	assert.Equal(t, workers(low), "apache2\n1")
	assert.Equal(t, workers(regular), "apache2\n5")

	web := regular.Services["web"]
	assert.Assert(t, strings.Contains(harness.Docker(t, "exec", web, "apache2ctl", "-V"), "prefork"))
	var version struct {
		ModPerl string `json:"mod_perl"`
	}
	regular.Tracker().Request(t, http.MethodGet, "/rest/version", nil, &version)
	assert.Assert(t, strings.HasPrefix(version.ModPerl, "mod_perl/2"), version.ModPerl)
	code, _ := regular.Tracker().Request(t, http.MethodGet, "/localconfig", nil, nil)
	assert.Equal(t, code, http.StatusForbidden)

	// Requests that are served when it is told to stop are answered.
	const requests = 4
	failed := make(chan error, requests)
	for range requests {
		go func() {
			res, err := harness.Browser.Get(regular.URL + "/slow.cgi")
			if err == nil {
				res.Body.Close()
			}
			if err == nil && res.StatusCode != http.StatusOK {
				err = fmt.Errorf("slow.cgi: %s", res.Status)
			}
			failed <- err
		}()
	}
	harness.Until(t, "requests that are served", func() bool {
		return len(strings.Fields(harness.Docker(t, "exec", web, "ls", "/tmp"))) == requests
	})
	harness.Docker(t, "stop", web)
	for range requests {
		assert.NilError(t, <-failed)
	}
	assert.Equal(t, harness.Docker(t, "inspect", "--format", "{{.State.ExitCode}}", web), "0")
}
