package engine

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"

	"gotest.tools/v3/assert"
)

func TestSubnetBits(t *testing.T) {
	for hosts, want := range map[int]int{-1: 28, 0: 28, 1: 28, 13: 28, 14: 27, 29: 27, 30: 26, 61: 26, 253: 24, 254: 23} {
		assert.Equal(t, subnetBits(hosts), want, "%d containers", hosts)
	}
}

// Each part of a range comes once, whole, and only if nothing is known to use it.
func TestSubnetsOfARange(t *testing.T) {
	s := newSubnets(netip.MustParsePrefix("10.7.0.0/25"), 5, []netip.Prefix{
		netip.MustParsePrefix("10.7.0.19/32"), netip.MustParsePrefix("10.7.0.64/26"), netip.MustParsePrefix("10.8.0.0/16"),
	})
	assert.Equal(t, s.free(), 3)
	got := map[string]bool{}
	for p, ok := s.take(); ok; p, ok = s.take() {
		got[p.String()] = true
	}
	assert.DeepEqual(t, got, map[string]bool{"10.7.0.0/28": true, "10.7.0.32/28": true, "10.7.0.48/28": true})
}

func TestSubnetsOfASmallRange(t *testing.T) {
	s := newSubnets(netip.MustParsePrefix("10.7.0.16/29"), 100, nil)
	p, ok := s.take()
	assert.Assert(t, ok)
	assert.Equal(t, p.String(), "10.7.0.16/29", "the range as it is, where it is smaller than what was asked for")
	_, ok = s.take()
	assert.Assert(t, !ok)
	assert.Equal(t, newSubnets(netip.Prefix{}, 1, nil).free(), 0)
}

// Clients that begin at the same time begin at different parts.
func TestSubnetsBeginAnywhere(t *testing.T) {
	first := map[netip.Prefix]bool{}
	for range 50 {
		p, _ := newSubnets(DefaultSubnets, 5, nil).take()
		first[p] = true
	}
	assert.Assert(t, len(first) > 25, "50 clients begin at %d parts of 4096", len(first))
}

// RouteLine is a line of /proc/net/route.
func RouteLine(device, to string, flags int) string {
	p := netip.MustParsePrefix(to)
	a := p.Addr().As4()
	mask := ^uint32(0) << (32 - p.Bits())
	if p.Bits() == 0 {
		mask = 0
	}
	var m [4]byte
	binary.BigEndian.PutUint32(m[:], mask)
	return fmt.Sprintf("%s\t%08X\t00000000\t%04X\t0\t0\t0\t%08X\t0\t0\t0\n", device,
		binary.NativeEndian.Uint32(a[:]), flags, binary.NativeEndian.Uint32(m[:]))
}

func TestRoutes(t *testing.T) {
	table := "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n" +
		RouteLine("eth0", "0.0.0.0/0", 3) + RouteLine("tun0", "128.0.0.0/1", 3) + RouteLine("tun0", "10.0.0.0/8", 3) + RouteLine("br-1", "10.219.1.16/28", 1) +
		RouteLine("down0", "10.1.0.0/16", 0) + "nonsense\n" + RouteLine("eth0", "192.168.7.9/32", 5)
	SetRoutes(t, func() string { return table })
	var got []string
	for _, r := range (&Engine{place: place{local: true}}).routes() {
		got = append(got, r.device+" "+r.to.String())
	}
	assert.DeepEqual(t, got, []string{"tun0 10.0.0.0/8", "br-1 10.219.1.16/28", "eth0 192.168.7.9/32"})
	assert.Equal(t, len((&Engine{}).routes()), 0, "those of this machine say nothing of an engine elsewhere")
}
