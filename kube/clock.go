package kube

import (
	"net/http"
	"sync/atomic"
	"time"
)

// clock is the cluster's, as its answers show it. A deadline counts from a time that the cluster has noted, and of an instance that
// somebody else has started this machine knows no other.
type clock struct{ ahead atomic.Int64 }

// now is what time it is on the cluster, to the second.
func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// watch returns a transport that looks at the answers' dates.
func (c *clock) watch(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err != nil {
			return resp, err
		}
		if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
			c.ahead.Store(int64(time.Until(date)))
		}
		return resp, nil
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip is that of http.RoundTripper.
func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
