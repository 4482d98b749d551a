package enginetest

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// hook is an action on matching requests.
type hook struct {
	method string
	path   *regexp.Regexp

	before, after func(*http.Request)
	// fault is the response instead of the engine's own, as often as left says.
	fault *fault
	left  int
}

type fault struct {
	status  int
	message string
}

func (f *fault) Error() string { return f.message }

// Fail answers the next matching requests, as many as times says, with an error. No method means any. pattern is a
// regular expression for the whole path, without the API's version: "/containers/[^/]+/start".
func (f *Fake) Fail(method, pattern string, status int, message string, times int) {
	f.hook(hook{method: method, path: whole(pattern), fault: &fault{status, message}, left: times})
}

// Before calls fn before the engine carries out a matching request. The engine continues when fn returns. Requests of
// an engine that EngineAs returned have its name in the header From.
func (f *Fake) Before(method, pattern string, fn func(*http.Request)) {
	f.hook(hook{method: method, path: whole(pattern), before: fn})
}

// After calls fn when the engine has carried out a matching request, before the client gets the response. It is not
// called for requests that become a stream.
func (f *Fake) After(method, pattern string, fn func(*http.Request)) {
	f.hook(hook{method: method, path: whole(pattern), after: fn})
}

// Count returns the number of matching requests so far.
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

// note records a request and returns its hooks.
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

// unversioned removes the API's version from a path.
func unversioned(path string) string {
	if v := version.FindString(path); v != "" {
		return "/" + strings.TrimPrefix(path, v)
	}
	return path
}
