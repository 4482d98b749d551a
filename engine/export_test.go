package engine

import (
	"io"
	"strings"
	"testing"
	"time"
)

// Runs is RunsPlatform with what BuildKit has answered.
func Runs(info Info, platform string, emulated []string) error { return info.runs(platform, emulated) }

// SetBridgeHere replaces what finds a network's bridge on this machine, until the test ends.
func SetBridgeHere(t *testing.T, here func(network, gateway string) bool) {
	was := bridgeHere
	bridgeHere = here
	t.Cleanup(func() { bridgeHere = was })
}

// SetInsideAfter replaces how long a port may refuse connections, until the test ends.
func SetInsideAfter(t *testing.T, d time.Duration) {
	was := insideAfter
	insideAfter = d
	t.Cleanup(func() { insideAfter = was })
}

// SetMountTable sets what Self sees of this process, until the end of the test.
func SetMountTable(t *testing.T, mounts string) {
	t.Helper()
	before := mountTable
	t.Cleanup(func() { mountTable = before })
	mountTable = func() string { return mounts }
}

// SetLimits sets how long the requests of an engine may take, and after how long it is said.
func SetLimits(e *Engine, limit, say time.Duration) {
	e.limits.answer, e.limits.work, e.limits.say, e.limits.sayWork = limit, limit, say, say
}

// SetPings sets when BuildKit is asked whether it is there, until the test ends.
func SetPings(t *testing.T, after, timeout time.Duration) {
	was := pings
	pings.Time, pings.Timeout = after, timeout
	t.Cleanup(func() { pings = was })
}

// RawMessages is rawMessages.
func RawMessages(r io.Reader, fn func(Message)) error { return rawMessages(r, fn) }

// SetRoutes replaces the routes of this machine, until the test ends.
func SetRoutes(t *testing.T, table func() string) {
	was := routeTable
	t.Cleanup(func() { routeTable = was })
	routeTable = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(table())), nil }
}

// Unpacked is what LoadImages makes of a message.
var Unpacked = unpacked
