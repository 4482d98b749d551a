package main

import (
	"fmt"
	"net/netip"
	"os"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// subnetsVariable names the range of addresses that networks take their subnets from; engineSubnets, as its value, leaves
// that to the engine.
const subnetsVariable, engineSubnets = "DOCKER_BMO_SUBNETS", "engine"

// smallestRange and largestRange are the lengths of prefixes that make sense: for one network, and all of 10.0.0.0/8.
const smallestRange, largestRange = 28, 8

// subnets returns the range that networks take their subnets from; invalid if the engine chooses.
func subnets() (netip.Prefix, error) {
	switch value := os.Getenv(subnetsVariable); value {
	case "":
		return bmo.DefaultSubnets, nil
	case engineSubnets:
		return netip.Prefix{}, nil
	default:
		r, err := netip.ParsePrefix(value)
		if err != nil || !r.Addr().Is4() || r.Bits() < largestRange || r.Bits() > smallestRange {
			return bmo.DefaultSubnets, hint.Wrap(fmt.Errorf("invalid %s %q", subnetsVariable, value), fmt.Sprintf(
				"want a range of IPv4 addresses from /%d to /%d, such as %s, or %q for the engine's own pools",
				largestRange, smallestRange, bmo.DefaultSubnets, engineSubnets))
		}
		return r.Masked(), nil
	}
}
