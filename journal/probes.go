package journal

import (
	"sync"
	"time"
)

// probePause is how often the same answer of a probe is noted at most.
const probePause = 250 * time.Millisecond

// Probe notes what comes of asking a service again and again whether it is ready.
type Probe struct {
	record        *Record
	service, what string

	mu    sync.Mutex
	said  string
	noted time.Time
	times int
}

// Probe begins to note a probe.
func (r *Record) Probe(service, what string) *Probe {
	return &Probe{record: r, service: service, what: what}
}

// Waiting notes that it was asked and is not ready, and why.
func (p *Probe) Waiting(why string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if why != p.said {
		p.flush()
		p.said, p.noted = why, time.Time{}
	}
	if p.times++; time.Since(p.noted) >= probePause {
		p.flush()
		p.noted = time.Now()
	}
}

// End notes what is not noted yet, and whether the service has answered as it should.
func (p *Probe) End(answered bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.flush()
	if answered {
		p.add("answered", "", 1)
	}
}

// flush notes the attempts since the last note; p.mu is held.
func (p *Probe) flush() {
	if p.times > 0 {
		p.add("waiting", p.said, p.times)
	}
	p.times = 0
}

func (p *Probe) add(action, why string, times int) {
	e := Entry{Kind: KindProbe, Service: p.service, Action: action, Text: p.what}
	if why != "" {
		e.Attributes = map[string]string{"error": why}
	}
	if times > 1 {
		e.Times = times
	}
	p.record.Add(e)
}
