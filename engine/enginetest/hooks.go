package enginetest

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// hook is something that happens to requests that match.
type hook struct {
	method string
	path   *regexp.Regexp

	before, after func(*http.Request)
	// fault, with times left, is what is answered in place of the engine's own answer.
	fault *fault
	left  int
}

type fault struct {
	status  int
	message string
}

func (f *fault) Error() string { return f.message }

// Fail answers the next times requests that match with an error. No method means any. pattern is a regular expression
// for the whole path, without the API's version: "/containers/[^/]+/start".
func (f *Fake) Fail(method, pattern string, status int, message string, times int) {
	f.hook(hook{method: method, path: whole(pattern), fault: &fault{status, message}, left: times})
}

// Before calls fn before the engine does what a matching request says. The engine goes on when fn returns. Requests of
// an engine that EngineAs returned bear its name as the header From.
func (f *Fake) Before(method, pattern string, fn func(*http.Request)) {
	f.hook(hook{method: method, path: whole(pattern), before: fn})
}

// After calls fn when the engine has done what a matching request says, before the client learns of it. It is not
// called for requests that go on as a stream.
func (f *Fake) After(method, pattern string, fn func(*http.Request)) {
	f.hook(hook{method: method, path: whole(pattern), after: fn})
}

// Count tells how many requests there were that match.
func (f *Fake) Count(method, pattern string) int {
	re := whole(method + " " + pattern)
	n := 0
	for _, r := range f.Requests() {
		if re.MatchString(r) {
			n++
		}
	}
	return n
}

// Requests returns all requests so far, each as "METHOD PATH".
func (f *Fake) Requests() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.requests)
}

// Streams is how many waits, attached outputs and followed logs are open.
func (f *Fake) Streams() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.streams
}

func (f *Fake) hook(h hook) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hooks = append(f.hooks, h)
}

func whole(pattern string) *regexp.Regexp { return regexp.MustCompile("^(?:" + pattern + ")$") }

// note records a request and returns what its hooks say.
func (f *Fake) note(r *http.Request) (before, after []func(*http.Request), fail *fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests = append(f.requests, r.Method+" "+r.URL.Path)
	for i := range f.hooks {
		h := &f.hooks[i]
		if h.method != "" && h.method != r.Method || !h.path.MatchString(r.URL.Path) {
			continue
		}
		if h.before != nil {
			before = append(before, h.before)
		}
		if h.after != nil {
			after = append(after, h.after)
		}
		if h.fault != nil && h.left > 0 && fail == nil {
			h.left--
			fail = h.fault
		}
	}
	return before, after, fail
}

var version = regexp.MustCompile(`^/v[0-9.]+/`)

// unversioned takes the API's version from a path.
func unversioned(path string) string {
	if v := version.FindString(path); v != "" {
		return "/" + strings.TrimPrefix(path, v)
	}
	return path
}
