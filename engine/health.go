package engine

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// Health is what an engine says of itself that decides how well docker bmo works on it.
type Health struct {
	// Root is the engine's folder on its machine.
	Root string
	// Memory is that of its machine, in bytes.
	Memory int64
	// Skew is how far the engine's clock is ahead of this machine's; Unsure is how far that may be off.
	Skew, Unsure time.Duration
	// Networks is how many bridge networks there are, and Room for how many more there are addresses in Subnets, which is
	// invalid if these are the engine's own pools.
	Networks, Room int
	Subnets        netip.Prefix
	// Proxy is that of the engine itself, by which it pulls images; NoProxy are the hosts that it reaches without.
	Proxy, NoProxy string
	// Pids, Memories and CPUs report whether the engine's machine can limit processes, memory and processors.
	Pids, Memories, CPUs bool
	// Rootless and UserNamespaces report that containers' users are others on the engine's machine.
	Rootless, UserNamespaces bool
	// CgroupVersion is "1" or "2".
	CgroupVersion string
}

// Health asks the engine about itself.
func (e *Engine) Health(ctx context.Context) (Health, error) {
	before := time.Now()
	info, err := e.api.Info(ctx)
	after := time.Now()
	if err != nil {
		return Health{}, fmt.Errorf("ask the engine about itself: %w", Plain(err))
	}
	h := Health{
		Root: info.DockerRootDir, Memory: info.MemTotal, NoProxy: info.NoProxy, Proxy: info.HTTPSProxy,
		Pids: info.PidsLimit, Memories: info.MemoryLimit, CPUs: info.CPUCfsQuota, CgroupVersion: info.CgroupVersion,
		Rootless:       slices.Contains(info.SecurityOptions, "name=rootless"),
		UserNamespaces: slices.Contains(info.SecurityOptions, "name=userns"), Unsure: after.Sub(before),
	}
	if h.Proxy == "" {
		h.Proxy = info.HTTPProxy
	}
	if there, err := time.Parse(time.RFC3339Nano, info.SystemTime); err == nil {
		h.Skew = there.Sub(before.Add(h.Unsure / 2))
	}
	pools := make([]pool, len(info.DefaultAddressPools))
	for i, p := range info.DefaultAddressPools {
		pools[i] = pool{p.Base, p.Size}
	}
	used, err := e.usedSubnets(ctx)
	if err != nil {
		return h, err
	}
	h.Networks, h.Subnets = len(used), e.subnets
	if h.Room = room(pools) - len(used); h.Subnets.IsValid() {
		h.Room = e.freeSubnets(used, 0)
	}
	return h, nil
}

// pool is a range of addresses that networks get parts of, each with prefixes of that size.
type pool struct {
	base string
	size int
}

// builtInPools are those of engines that are not told of others.
var builtInPools = []pool{
	{"172.17.0.0/16", 16},
	{"172.18.0.0/16", 16},
	{"172.19.0.0/16", 16},
	{"172.20.0.0/14", 16},
	{"172.24.0.0/14", 16},
	{"172.28.0.0/14", 16},
	{"192.168.0.0/16", 20},
}

// room returns for how many networks pools of IPv4 addresses suffice.
func room(pools []pool) (n int) {
	if len(pools) == 0 {
		pools = builtInPools
	}
	for _, p := range pools {
		prefix, err := netip.ParsePrefix(p.base)
		if err != nil || !prefix.Addr().Is4() || p.size < prefix.Bits() || p.size > 32 {
			continue
		}
		n += 1 << (p.size - prefix.Bits())
	}
	return n
}
