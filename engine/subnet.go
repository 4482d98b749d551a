package engine

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"io"
	"math/bits"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
)

// DefaultSubnets is the range that networks take their subnets from when nothing else is said: private addresses outside
// the engine's own pools (172.16.0.0/12, 192.168.0.0/16), those of swarm (10.0.0.0/16) and those that Kubernetes'
// distributions, podman and LXC are known for. Room for 4096 networks.
var DefaultSubnets = netip.MustParsePrefix("10.219.0.0/16")

// smallestSubnet is the prefix length of the smallest subnet that a network gets: 13 addresses for containers. There is
// room in it for what a user connects as well, such as a browser.
const smallestSubnet = 28

// notForContainers is how many addresses of a subnet no container gets: its own, the gateway's and the broadcast.
const notForContainers = 3

// SetSubnets sets the range that networks take their subnets from. The zero Prefix leaves that to the engine, whose own
// pools are usually enough for some 30 networks.
func (e *Engine) SetSubnets(r netip.Prefix) { e.subnets = r.Masked() }

// subnetBits returns the prefix length of the smallest subnet with addresses for so many containers.
func subnetBits(hosts int) int {
	return min(smallestSubnet, 32-bits.Len(uint(max(hosts, 0)+notForContainers-1)))
}

// subnets are the parts of a range, which are tried one after the other. Each client begins at another one, so that
// those of several clients seldom meet. What an engine has in use is learned from its refusals; a look at its networks
// only saves further ones.
type subnets struct {
	within netip.Prefix
	bits   int
	next   uint32
	left   uint32
	taken  []netip.Prefix
}

func newSubnets(within netip.Prefix, hosts int, taken []netip.Prefix) *subnets {
	s := &subnets{within: within, bits: max(subnetBits(hosts), within.Bits()), taken: taken}
	if within.IsValid() {
		s.left = 1 << (s.bits - within.Bits())
		s.next = rand.Uint32N(s.left)
	}
	return s
}

// take returns the next part of the range that nothing is known to use.
func (s *subnets) take() (netip.Prefix, bool) {
	for s.left > 0 {
		p := s.at(s.next)
		s.next = (s.next + 1) % (1 << (s.bits - s.within.Bits()))
		s.left--
		if !slices.ContainsFunc(s.taken, p.Overlaps) {
			return p, true
		}
	}
	return netip.Prefix{}, false
}

// at returns the nth part of the range.
func (s *subnets) at(n uint32) netip.Prefix {
	a := s.within.Addr().As4()
	binary.BigEndian.PutUint32(a[:], binary.BigEndian.Uint32(a[:])+n<<(32-s.bits))
	return netip.PrefixFrom(netip.AddrFrom4(a), s.bits)
}

// free counts the parts that nothing is known to use.
func (s *subnets) free() (n int) {
	if !s.within.IsValid() {
		return 0
	}
	for i := range uint32(1) << (s.bits - s.within.Bits()) {
		if !slices.ContainsFunc(s.taken, s.at(i).Overlaps) {
			n++
		}
	}
	return n
}

// route is where this machine sends packets to addresses.
type route struct {
	to     netip.Prefix
	device string
}

// routeTable opens the routes of this machine, as Linux shows them.
var routeTable = func() (io.ReadCloser, error) { return os.Open("/proc/net/route") }

// widest is the prefix length of the widest route that says something about single networks. Wider ones are default
// routes, whole or, as virtual private networks have them, in parts.
const widest = 8

// routes returns the routes of this machine but for default ones; none where they cannot be seen. An engine checks them
// only for subnets that it picks itself.
func (e *Engine) routes() (list []route) {
	if !e.Local() {
		return nil
	}
	f, err := routeTable()
	if err != nil {
		return nil
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if r, ok := parseRoute(lines.Text()); ok && r.to.Bits() >= widest {
			list = append(list, r)
		}
	}
	return list
}

// parseRoute parses a line of /proc/net/route: device, destination, gateway, flags, three counters, mask; addresses are
// in the order of the machine's bytes.
func parseRoute(line string) (route, bool) {
	const device, destination, flags, mask, up = 0, 1, 3, 7, 1
	words := strings.Fields(line)
	if len(words) <= mask {
		return route{}, false
	}
	to, err := hex.DecodeString(words[destination])
	set, err1 := strconv.ParseUint(words[flags], 16, 16)
	of, err2 := strconv.ParseUint(words[mask], 16, 32)
	if err != nil || err1 != nil || err2 != nil || len(to) != 4 || set&up == 0 {
		return route{}, false
	}
	var a [4]byte
	binary.NativeEndian.PutUint32(a[:], binary.BigEndian.Uint32(to))
	return route{netip.PrefixFrom(netip.AddrFrom4(a), bits.OnesCount64(of)).Masked(), words[device]}, true
}

// prefixes returns the addresses of routes.
func prefixes(list []route) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, r := range list {
		out[i] = r.to
	}
	return out
}
