package build

import (
	"strings"
	"sync"

	bkclient "github.com/moby/buildkit/client"
	digest "github.com/opencontainers/go-digest"
)

// tailLines is how many of a failed instruction's last lines go into its error, and tailBytes how many bytes are kept
// for them: output comes in pieces.
const tailLines, tailBytes = 20, 8 << 10

// outputs keeps the last lines of everything that a build runs.
type outputs struct {
	mu     sync.Mutex
	tails  map[digest.Digest][]byte
	failed digest.Digest
}

// watch passes on the statuses that it receives, and records their output.
func (o *outputs) watch(in <-chan *bkclient.SolveStatus, out chan<- *bkclient.SolveStatus) {
	defer close(out)
	for s := range in {
		o.note(s)
		out <- s
	}
}

func (o *outputs) note(s *bkclient.SolveStatus) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.tails == nil {
		o.tails = map[digest.Digest][]byte{}
	}
	for _, v := range s.Vertexes {
		if v.Error != "" && o.failed == "" && !strings.HasSuffix(v.Error, "context canceled") {
			o.failed = v.Digest
		}
	}
	for _, l := range s.Logs {
		tail := append(o.tails[l.Vertex], l.Data...)
		o.tails[l.Vertex] = tail[max(0, len(tail)-tailBytes):]
	}
}

// ofFailed returns the last lines of the first instruction that failed.
func (o *outputs) ofFailed() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	tail := strings.ToValidUTF8(string(o.tails[o.failed]), "")
	lines := strings.FieldsFunc(tail, func(r rune) bool { return r == '\n' || r == '\r' })
	return lines[max(0, len(lines)-tailLines):]
}
