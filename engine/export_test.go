package engine

import (
	"testing"
	"time"
)

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
