package instance

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
)

const mib = 1 << 20

// hurry makes starts that wait for room ask often, until the test ends.
func hurry(t *testing.T) {
	pause, timeout, ago := roomPause, roomTimeout, askedAgo
	t.Cleanup(func() { roomPause, roomTimeout, askedAgo = pause, timeout, ago })
	roomPause, roomTimeout, askedAgo = time.Millisecond, long, 0
}

// withMemory is a fixture whose engine has 1000 MiB of memory, of which each container takes 200.
func withMemory(t *testing.T) *fixture {
	t.Helper()
	hurry(t)
	f := newFixture(t)
	f.SetMemory(1000*mib, 205*mib, 5*mib)
	_, err := f.req.Engine.Connect(t.Context())
	assert.NilError(t, err)
	return f
}

// TestStartsWaitForMemory: two instances fit, a third one when the first is gone.
func TestStartsWaitForMemory(t *testing.T) {
	f := withMemory(t)
	var up, asked atomic.Int32
	full := make(chan struct{})
	f.Before("GET", "/containers/[^/]+/stats", func(*http.Request) {
		if up.Load() == 2 && asked.Add(1) == 20 {
			close(full)
		}
	})
	var first string
	removed := make(chan error, 1)
	go func() {
		<-full
		removed <- Remove(context.Background(), f.req.Engine, &Instance{Name: first}, 0)
	}()
	list, err := StartMany(t.Context(), f.req, Many{Number: 3, AtOnce: 1, AllOrNone: true, Started: func(i *Instance) {
		if up.Load() == 0 {
			first = i.Name
		}
		up.Add(1)
	}})
	assert.NilError(t, err)
	assert.Equal(t, len(list), 3)
	assert.Assert(t, asked.Load() >= 20, "the third one has not waited")
	assert.NilError(t, <-removed)
}

// TestNoRoomInTime: the error says what was lacking, and those that fit stay.
func TestNoRoomInTime(t *testing.T) {
	f := withMemory(t)
	roomTimeout = 10 * time.Millisecond
	list, err := StartMany(t.Context(), f.req, Many{Number: 3, AtOnce: 1})
	assert.Equal(t, len(list), 2)
	var none *NoRoomError
	assert.Assert(t, errors.As(err, &none), "%v", err)
	assert.Equal(t, none.What, "an instance takes 400MiB of memory, 0 start, and 200MiB of 1000MiB is free")
	assert.ErrorContains(t, err, "3/3: no room within 10ms: an instance takes")
}

// TestNeverRoom: what cannot be is said before anything is started.
func TestNeverRoom(t *testing.T) {
	f := withMemory(t)
	f.start(t)
	before := f.Objects()
	_, err := StartMany(t.Context(), f.req, Many{Number: 3, AtOnce: 3})
	assert.Error(t, err, "3 instances need 1.172GiB of memory, at 400MiB each: the engine has 1000MiB")
	_, err = StartMany(t.Context(), f.req, Many{Number: 20000, AtOnce: 3})
	assert.Error(t, err, "20000 instances need as many subnets: the range for them has 4096")
	f.req.Engine.SetSubnets(netip.Prefix{})
	_, err = StartMany(t.Context(), f.req, Many{Number: 20000, AtOnce: 3})
	assert.Error(t, err, "20000 instances need as many ports: there are 12000, from 20000 on")
	assert.DeepEqual(t, f.Objects(), before)
}

// TestStartsWaitForAddresses: of two subnets others have one for a while.
func TestStartsWaitForAddresses(t *testing.T) {
	hurry(t)
	f := newFixture(t)
	f.req.Engine.SetSubnets(netip.MustParsePrefix("198.51.100.0/27"))
	other, err := f.AddSubnet("other", "198.51.100.0/28")
	assert.NilError(t, err)
	var lists atomic.Int32
	f.Before("GET", "/networks", func(*http.Request) {
		if lists.Add(1) == 10 {
			go func() { assert.Check(t, f.req.Engine.RemoveNetwork(context.Background(), other)) }()
		}
	})
	list, err := StartMany(t.Context(), f.req, Many{Number: 2, AtOnce: 2})
	assert.NilError(t, err)
	assert.Equal(t, len(list), 2)
	assert.Assert(t, lists.Load() >= 10, "nobody has waited")
}

// TestNoAddressForOne: a single start does not wait for what may never come.
func TestNoAddressForOne(t *testing.T) {
	hurry(t)
	f := newFixture(t)
	f.req.Engine.SetSubnets(netip.MustParsePrefix("198.51.100.0/28"))
	_, err := f.AddSubnet("other", "198.51.100.0/28")
	assert.NilError(t, err)
	_, err = StartMany(t.Context(), f.req, Many{})
	var none *engine.NoSubnetError
	assert.Assert(t, errors.As(err, &none), "%v", err)
}
