package engine

import (
	"net"
	"testing"

	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"
	"gotest.tools/v3/assert"
)

func TestLocal(t *testing.T) {
	for host, want := range map[string]bool{
		"unix:///var/run/docker.sock":                 true,
		"unix:///home/me/.docker/desktop/docker.sock": true,
		"npipe:////./pipe/docker_engine":              true,
		"ssh://me@far":                                false,
		"tcp://10.0.0.1:2376":                         false,
		"tcp://127.0.0.1:2375":                        false, // may be the end of a tunnel
		"http://docker.example.com":                   false, // what the docker client calls an engine that it reaches by ssh
		"":                                            true,  // nothing better is known
	} {
		api, err := client.NewClientWithOpts(client.WithHost("unix:///var/run/docker.sock"))
		assert.NilError(t, err)
		e := New(api).At(host)
		assert.Equal(t, e.Local(), want, host)
		if host != "" {
			assert.Equal(t, e.Host(), host)
		}
	}
}

func TestElsewhere(t *testing.T) {
	addr := func(s string) net.Addr {
		ip, n, err := net.ParseCIDR(s)
		assert.NilError(t, err)
		return &net.IPNet{IP: ip, Mask: n.Mask}
	}
	bridge := func(gateways ...string) network.Summary {
		var n network.Summary
		for _, g := range gateways {
			n.IPAM.Config = append(n.IPAM.Config, network.IPAMConfig{Gateway: g})
		}
		return n
	}
	for _, c := range []struct {
		name     string
		networks []network.Summary
		own      []net.Addr
		want     bool
	}{
		{name: "the engine's host, or a container on its network", networks: []network.Summary{bridge("172.18.0.1"), bridge("172.17.0.1")}, own: []net.Addr{addr("127.0.0.1/8"), addr("172.17.0.1/16")}},
		{name: "IPv6", networks: []network.Summary{bridge("172.17.0.1", "fd00::1")}, own: []net.Addr{addr("fd00::1/64")}},
		{name: "a container", networks: []network.Summary{bridge("172.17.0.1"), bridge()}, own: []net.Addr{addr("127.0.0.1/8"), addr("172.17.0.2/16")}, want: true},
		{name: "no bridge tells", networks: []network.Summary{bridge(), bridge("")}, own: []net.Addr{addr("127.0.0.1/8")}},
		{name: "no bridge", own: []net.Addr{addr("127.0.0.1/8")}},
	} {
		t.Run(c.name, func(t *testing.T) { assert.Equal(t, elsewhere(c.networks, c.own), c.want) })
	}
}

func TestTunnelHint(t *testing.T) {
	for host, words := range map[string]string{
		"ssh://far":                   "far",
		"ssh://me@far:2222/x.sock":    "-p 2222 me@far",
		"tcp://far.example:2376":      "far.example",
		"tcp://[fe80::1]:2376":        "fe80::1",
		"http://%zz":                  "HOST",
		"unix:///var/run/docker.sock": "",
	} {
		e := (&Engine{}).At(host)
		want := ""
		if words != "" {
			want = "the address is one of the engine's host; to have it here: `ssh -N -L 25000:127.0.0.1:25000 " + words + "`"
		}
		assert.Equal(t, e.Tunnel("http://127.0.0.1:25000"), want, host)
		assert.Equal(t, e.Tunnel(""), "", host)
	}
}
