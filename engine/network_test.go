package engine_test

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/docker/docker/api/types/network"
	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
)

// subnetsOf are those of the fake's networks, by name.
func subnetsOf(t *testing.T, f *enginetest.Fake) map[string]string {
	t.Helper()
	list, err := f.Client(t).NetworkList(t.Context(), network.ListOptions{})
	assert.NilError(t, err)
	out := map[string]string{}
	for _, n := range list {
		if len(n.IPAM.Config) > 0 {
			out[n.Name] = n.IPAM.Config[0].Subnet
		}
	}
	return out
}

func noRoutes(t *testing.T) { engine.SetRoutes(t, func() string { return "" }) }

func TestNetworksHaveSubnetsOfOurs(t *testing.T) {
	noRoutes(t)
	f := enginetest.New(t)
	e := f.Engine(t)
	_, err := e.CreateNetwork(t.Context(), "small", nil, 5)
	assert.NilError(t, err)
	_, err = e.CreateNetwork(t.Context(), "large", nil, 100)
	assert.NilError(t, err)
	for name, bits := range map[string]int{"small": 28, "large": 25} {
		p := netip.MustParsePrefix(subnetsOf(t, f)[name])
		assert.Equal(t, p.Bits(), bits)
		assert.Assert(t, engine.DefaultSubnets.Contains(p.Addr()), "%s", p)
	}
	e.SetSubnets(netip.Prefix{})
	_, err = e.CreateNetwork(t.Context(), "engine's", nil, 5)
	assert.NilError(t, err)
	assert.Equal(t, subnetsOf(t, f)["engine's"], "", "the engine chooses")
}

// Networks of others, large and small, are gone around, whatever part is tried first, and the last part is found.
func TestSubnetsInUse(t *testing.T) {
	noRoutes(t)
	f := enginetest.New(t)
	e := f.Engine(t)
	e.SetSubnets(netip.MustParsePrefix("10.7.0.0/25"))
	for name, subnet := range map[string]string{"half": "10.7.0.0/26", "small": "10.7.0.72/29", "single": "10.7.0.96/28"} {
		_, err := f.AddSubnet(name, subnet)
		assert.NilError(t, err)
	}
	h, err := e.Health(t.Context())
	assert.NilError(t, err)
	assert.Equal(t, h.Room, 2)
	n, known := e.Subnets(5)
	assert.Assert(t, known)
	assert.Equal(t, n, 8)
	for _, name := range []string{"a", "b"} {
		_, err := e.CreateNetwork(t.Context(), name, nil, 5)
		assert.NilError(t, err)
	}
	got := subnetsOf(t, f)
	assert.Assert(t, got["a"] != got["b"])
	for _, name := range []string{"a", "b"} {
		assert.Assert(t, got[name] == "10.7.0.80/28" || got[name] == "10.7.0.112/28", "%s", got[name])
	}
	_, err = e.CreateNetwork(t.Context(), "c", nil, 5)
	assert.Error(t, err, "create network c: no subnet of 10.7.0.0/25 is left: networks of the engine or routes of this machine use them")
	var none *engine.NoSubnetError
	assert.Assert(t, errors.As(err, &none))
	assert.Equal(t, none.Hint(), engine.SubnetsHint)
}

// Clients that start at the same time get along without knowing of each other.
func TestSubnetsOfManyClients(t *testing.T) {
	noRoutes(t)
	f := enginetest.New(t)
	var clients sync.WaitGroup
	for i := range 16 {
		e := f.Engine(t)
		e.SetSubnets(netip.MustParsePrefix("10.7.0.0/24")) // 16 of them
		clients.Go(func() {
			_, err := e.CreateNetwork(t.Context(), string(rune('a'+i)), nil, 5)
			assert.Check(t, err)
		})
	}
	clients.Wait()
	assert.Equal(t, len(subnetsOf(t, f)), 16)
}

// An engine that says of each subnet that it is in use is not asked for good.
func TestSubnetsAreTriedForATime(t *testing.T) {
	noRoutes(t)
	f := enginetest.New(t)
	f.Fail("POST", "/networks/create", http.StatusForbidden, "Pool overlaps with other one on this address space", 1000)
	_, err := f.Engine(t).CreateNetwork(t.Context(), "n", nil, 5)
	assert.ErrorContains(t, err, "no subnet of 10.219.0.0/16 is left")
	assert.Equal(t, f.Count("POST", "/networks/create"), 50)
	assert.Equal(t, f.Count("GET", "/networks"), 1)
}

// Nothing that this machine reaches otherwise gets an instance's addresses.
func TestSubnetsSpareRoutes(t *testing.T) {
	engine.SetRoutes(t, func() string {
		return engine.RouteLine("eth0", "0.0.0.0/0", 3) + engine.RouteLine("tun0", "10.7.0.0/25", 3) + engine.RouteLine("wg0", "10.7.0.130/32", 3)
	})
	f := enginetest.New(t)
	e := f.Engine(t)
	e.SetSubnets(netip.MustParsePrefix("10.7.0.0/24"))
	for _, name := range strings.Split("abcdefg", "") {
		_, err := e.CreateNetwork(t.Context(), name, nil, 5)
		assert.NilError(t, err)
	}
	for _, s := range subnetsOf(t, f) {
		assert.Assert(t, netip.MustParsePrefix("10.7.0.144/28").Addr().Compare(netip.MustParsePrefix(s).Addr()) <= 0, "%s", s)
	}
	_, err := e.CreateNetwork(t.Context(), "h", nil, 5)
	assert.ErrorContains(t, err, "no subnet of 10.7.0.0/24 is left")
}

// A range that is a part of what this machine reaches otherwise, such as a company's network, is left to that.
func TestRangeBehindARoute(t *testing.T) {
	engine.SetRoutes(t, func() string { return engine.RouteLine("tun0", "10.0.0.0/8", 3) })
	f := enginetest.New(t)
	_, err := f.Engine(t).CreateNetwork(t.Context(), "n", nil, 5)
	assert.NilError(t, err)
	assert.Equal(t, len(subnetsOf(t, f)), 0, "the engine chooses")
	f.Fail("POST", "/networks/create", http.StatusBadRequest, "all predefined address pools have been fully subnetted", 1)
	_, err = f.Engine(t).CreateNetwork(t.Context(), "m", nil, 5)
	assert.Error(t, err, "create network m: the engine has no address range left for another network")
}

// Two engines on one machine know nothing of each other's networks: one of them moves.
func TestSubnetThatAnotherEngineTakes(t *testing.T) {
	f := enginetest.New(t)
	var mu sync.Mutex
	table := ""
	engine.SetRoutes(t, func() string {
		mu.Lock()
		defer mu.Unlock()
		return table
	})
	f.After("POST", "/networks/create", func(*http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if table == "" {
			for _, s := range subnetsOf(t, f) {
				table = engine.RouteLine("br-of-another", s, 1)
			}
		}
	})
	e := f.Engine(t)
	id, err := e.CreateNetwork(t.Context(), "n", nil, 5)
	assert.NilError(t, err)
	assert.Equal(t, f.Count("POST", "/networks/create"), 2)
	assert.Equal(t, f.Count("DELETE", "/networks/.*"), 1)
	assert.Assert(t, !strings.Contains(table, engine.RouteLine("br-of-another", subnetsOf(t, f)["n"], 1)), "%s", id)
}

func TestNetworkNameIsALock(t *testing.T) {
	noRoutes(t)
	f := enginetest.New(t)
	e := f.Engine(t)
	_, err := e.CreateNetwork(t.Context(), "n", nil, 5)
	assert.NilError(t, err)
	_, err = e.CreateNetwork(t.Context(), "n", nil, 5)
	assert.Assert(t, engine.IsConflict(err), "%v", err)
	assert.Equal(t, f.Count("POST", "/networks/create"), 2, "another subnet would not help")
}
