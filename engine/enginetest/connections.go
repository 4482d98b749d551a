package enginetest

import (
	"net"
	"net/http"
	"sync"
)

// connections are the open ones of a server.
type connections struct {
	mu   sync.Mutex
	open map[net.Conn]bool
}

// note takes account of what becomes of a connection.
func (c *connections) note(conn net.Conn, s http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		c.open = map[net.Conn]bool{}
	}
	switch s {
	case http.StateNew:
		c.open[conn] = true
	case http.StateClosed, http.StateHijacked:
		delete(c.open, conn)
	}
}

// Break breaks the connections that are open, but for those that became streams both ways. The engine accepts new ones.
func (f *Fake) Break() {
	f.connections.mu.Lock()
	defer f.connections.mu.Unlock()
	for conn := range f.connections.open {
		_ = conn.Close()
	}
}

// Vanish breaks connections as Break does, and from then on the engine accepts none. Its containers go on.
func (f *Fake) Vanish() { _ = f.server.Close() }
