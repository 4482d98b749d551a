package enginetest

import "net/http"

// pauseContainer only takes a note: what a program of the fake does cannot be frozen.
func (f *Fake) pauseContainer(_ http.ResponseWriter, r *http.Request) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, err := f.container(r)
	switch {
	case err != nil:
		return nil, err
	case c.state != running:
		return nil, conflict("container %s is not running", c.id)
	case c.paused:
		return nil, conflict("container %s is already paused", c.id)
	}
	c.paused = true
	f.happen(c, "pause")
	return nil, nil
}

func (f *Fake) unpauseContainer(_ http.ResponseWriter, r *http.Request) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, err := f.container(r)
	if err != nil {
		return nil, err
	}
	if !c.paused {
		return nil, conflict("container %s is not paused", c.id)
	}
	c.paused = false
	f.happen(c, "unpause")
	return nil, nil
}

// shownState is a container's state as docker calls it. One that renew has made ready for another start has ended still.
func (c *ctr) shownState() string {
	switch {
	case c.state == running && c.paused:
		return "paused"
	case c.state == created && !c.started.IsZero():
		return exited
	}
	return c.state
}
