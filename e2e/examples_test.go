package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// patience is how many seconds a service may take to be ready: database servers with their usual settings, three at once,
// on a machine that has other work.
const patience = "300"

// three builds an example as it stands, and starts three instances of it at once.
func three(t *testing.T, name string) []site {
	t.Helper()
	harness.OnOneEngine(t)
	a := harness.NewExample(t, filepath.Join("../examples", name))
	a.Build(t)
	var starts []*harness.Process
	for range 3 {
		starts = append(starts, a.Start(t, "run", "--detach", "--format", "json", "--wait-timeout", patience))
	}
	var all []site
	for _, p := range starts {
		all = append(all, site{harness.ParseInstance(t, p.Wait(t).OK(t)).URL})
	}
	return all
}

// site is the application of an instance.
type site struct{ url string }

// send makes a request, which has to be answered with that status, and returns the answer.
func (s site) send(t *testing.T, req *http.Request, status int) string {
	t.Helper()
	res, err := harness.Browser.Do(req)
	assert.NilError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	assert.NilError(t, err)
	assert.Equal(t, res.StatusCode, status, "%s %s: %s", req.Method, req.URL, body)
	return string(body)
}

func (s site) request(t *testing.T, method, path, kind, body string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(body))
	assert.NilError(t, err)
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	return req
}

func (s site) get(t *testing.T, path string) string {
	t.Helper()
	return s.send(t, s.request(t, http.MethodGet, path, "", ""), http.StatusOK)
}

// post sends one field of a form.
func (s site) post(t *testing.T, path, field, value string, status int) string {
	t.Helper()
	form := url.Values{field: {value}}.Encode()
	return s.send(t, s.request(t, http.MethodPost, path, "application/x-www-form-urlencoded", form), status)
}

// decode reads JSON.
func decode[T any](t *testing.T, text string) (v T) {
	t.Helper()
	assert.NilError(t, json.Unmarshal([]byte(text), &v), "%s", text)
	return v
}

// own is what is written to an instance and to no other.
func own(i int) string { return fmt.Sprintf("only in instance %d", i) }

func TestExampleNotes(t *testing.T) {
	t.Parallel()
	all := three(t, "notes")
	for i, s := range all {
		s.post(t, "/", "text", own(i), http.StatusFound)
	}
	type note struct{ Text string }
	for i, s := range all {
		assert.DeepEqual(t, decode[[]note](t, s.get(t, "/notes")), []note{{"the first note"}, {own(i)}})
	}
}

// An image without any shell is ready when its port answers.
func TestExampleBusybox(t *testing.T) {
	t.Parallel()
	all := three(t, "busybox")
	for i, s := range all {
		assert.Assert(t, strings.Contains(s.get(t, "/"), "It works"))
		s.send(t, s.request(t, http.MethodPost, "/cgi-bin/guestbook", "text/plain", own(i)), http.StatusOK)
	}
	for i, s := range all {
		assert.Equal(t, s.get(t, "/cgi-bin/guestbook"), own(i)+"\n")
	}
}

// What PHP writes to a shared volume is served by nginx.
func TestExamplePHP(t *testing.T) {
	t.Parallel()
	all := three(t, "php")
	name := func(i int) string { return fmt.Sprintf("%d.txt", i) }
	for i, s := range all {
		var form bytes.Buffer
		w := multipart.NewWriter(&form)
		file, err := w.CreateFormFile("file", name(i))
		assert.NilError(t, err)
		_, err = io.WriteString(file, own(i))
		assert.NilError(t, err)
		assert.NilError(t, w.Close())
		made := s.send(t, s.request(t, http.MethodPost, "/", w.FormDataContentType(), form.String()), http.StatusCreated)
		assert.Equal(t, made, "/uploads/"+name(i)+"\n")
	}
	for i, s := range all {
		assert.Equal(t, s.get(t, "/uploads/"+name(i)), own(i))
		for j := range all {
			assert.Equal(t, strings.Contains(s.get(t, "/"), name(j)), i == j)
		}
	}
}

// An application starts when the health check of its database says so.
func TestExamplePostgres(t *testing.T) {
	t.Parallel()
	all := three(t, "postgres")
	for i, s := range all {
		s.post(t, "/", "text", own(i), http.StatusCreated)
	}
	for i, s := range all {
		assert.DeepEqual(t, decode[[]string](t, s.get(t, "/")), []string{own(i)})
	}
}

// A migration ran once, in the bootstrap; and passwords are in files.
func TestExampleMigrate(t *testing.T) {
	t.Parallel()
	all := three(t, "migrate")
	type migration struct {
		Number int
		Ran    string
	}
	once := decode[[]migration](t, all[0].get(t, "/migrations"))
	assert.Equal(t, len(once), 2)
	for i, s := range all {
		s.post(t, "/products", "name", own(i), http.StatusCreated)
		assert.DeepEqual(t, decode[[]migration](t, s.get(t, "/migrations")), once)
	}
	for i, s := range all {
		assert.DeepEqual(t, decode[[]string](t, s.get(t, "/products")), []string{own(i)})
	}
}

// A worker does the jobs of its own instance.
func TestExampleDjango(t *testing.T) {
	t.Parallel()
	all := three(t, "django")
	type job struct {
		ID    int
		Text  string
		Words *int
	}
	for i, s := range all {
		s.post(t, "/jobs/", "text", own(i), http.StatusCreated)
	}
	for i, s := range all {
		jobs := func() []job { return decode[struct{ Jobs []job }](t, s.get(t, "/jobs/")).Jobs }
		harness.Until(t, "a job done", func() bool { return jobs()[0].Words != nil })
		words := 4
		assert.DeepEqual(t, jobs(), []job{{jobs()[0].ID, own(i), &words}})
	}
}

// Request Tracker: tickets by REST 2, and by a form of the browser, which RT takes and follows by a redirect only when it
// knows its own address.
func TestExampleRT(t *testing.T) {
	t.Parallel()
	all := three(t, "rt")
	ask := func(s site, method, path, body string, status int) string {
		req := s.request(t, method, "/REST/2.0"+path, "application/json", body)
		req.SetBasicAuth("root", "password")
		return s.send(t, req, status)
	}
	for i, s := range all {
		made := ask(s, http.MethodPost, "/ticket", `{"Queue": "General", "Subject": "`+own(i)+`"}`, http.StatusCreated)
		assert.Equal(t, decode[struct{ ID string }](t, made).ID, "1")
	}
	for i, s := range all {
		got := ask(s, http.MethodGet, "/ticket/1", "", http.StatusOK)
		assert.Equal(t, decode[struct{ Subject string }](t, got).Subject, own(i))
		ask(s, http.MethodGet, "/ticket/2", "", http.StatusNotFound)
	}
	assert.Assert(t, strings.HasPrefix(all[0].fileInBrowser(t), all[0].url+"/Ticket/Display.html?id=2"))
}

// fileInBrowser files a ticket in Request Tracker as a browser does, and returns where the browser is sent to.
func (s site) fileInBrowser(t *testing.T) string {
	t.Helper()
	jar, err := cookiejar.New(nil)
	assert.NilError(t, err)
	browser := *harness.Browser
	browser.Jar = jar
	submit := func(path string, form url.Values) *http.Response {
		req := s.request(t, http.MethodPost, path, "application/x-www-form-urlencoded", form.Encode())
		req.Header.Set("Referer", s.url+"/")
		res, err := browser.Do(req)
		assert.NilError(t, err)
		assert.NilError(t, res.Body.Close())
		return res
	}
	submit("/NoAuth/Login.html", url.Values{"user": {"root"}, "pass": {"password"}})
	res := submit("/Ticket/Create.html", url.Values{
		"id": {"new"}, "Queue": {"1"}, "Status": {"new"}, "Subject": {"by form"}, "Requestors": {"a@example.com"}, "Content": {"x"},
		"SubmitTicket": {"1"},
	})
	assert.Equal(t, res.StatusCode, http.StatusFound)
	return res.Header.Get("Location")
}
