package registry

import (
	"sync"

	"github.com/docker-bmo/docker-bmo/engine"
)

// Moved says how many bytes of layers went between an engine and a registry, as the registry has them.
type Moved struct {
	// Sent is what was moved, Total what the snapshot has. A layer that several images share counts once.
	Sent, Total int64
}

// meter gathers what engines say of layers.
type meter struct {
	mu    sync.Mutex
	moved map[string]bool // by the engine's word for a layer
	bytes map[string][2]int64
	tell  func(done, total int64)
}

func newMeter(tell func(done, total int64)) *meter {
	return &meter{moved: map[string]bool{}, bytes: map[string][2]int64{}, tell: tell}
}

// note takes in one message of an engine.
func (m *meter) note(t engine.Transfer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch t.Status {
	case "Pushed", "Download complete", "Pull complete":
		m.moved[t.ID] = true
	case "Pushing", "Downloading":
		if t.Total > 0 {
			m.bytes[t.ID] = [2]int64{t.Done, t.Total}
		}
	default:
		return
	}
	var done, total int64
	for _, b := range m.bytes {
		done, total = done+b[0], total+b[1]
	}
	if m.tell != nil && total > 0 {
		m.tell(min(done, total), total)
	}
}

// sum returns what was moved of those images.
func (m *meter) sum(parts map[string]part) (sum Moved) {
	m.mu.Lock()
	defer m.mu.Unlock()
	moved, all := map[string]int64{}, map[string]int64{}
	for _, p := range parts {
		for _, l := range p.manifest.Layers {
			all[l.Digest.Hex] = l.Size
		}
		for id := range m.moved {
			if l, ok := p.layer(id); ok {
				moved[l.Digest.Hex] = l.Size
			}
		}
	}
	for _, n := range all {
		sum.Total += n
	}
	for _, n := range moved {
		sum.Sent += n
	}
	return sum
}
