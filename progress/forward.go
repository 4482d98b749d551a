package progress

import (
	"strings"

	bkclient "github.com/moby/buildkit/client"
	digest "github.com/opencontainers/go-digest"
)

// Forward shows every status from ch until it is closed, and puts prefix before the names of build stages, so that
// those of several images can be told apart.
func (p *Printer) Forward(prefix string, ch <-chan *bkclient.SolveStatus) {
	again := map[digest.Digest]bool{}
	for s := range ch {
		for _, v := range s.Vertexes {
			v.Name = prefixed(prefix, v.Name)
			if p.metAgain(v) {
				again[v.Digest] = true
			}
		}
		p.Write(without(s, again))
	}
}

// metAgain reports whether BuildKit begins to repeat what a display has shown already: reading a Dockerfile and its
// .dockerignore, for a second call with the same files. Unless it fails, that need not be shown.
func (p *Printer) metAgain(v *bkclient.Vertex) bool {
	if !p.Visible() || !strings.Contains(v.Name, "internal] load ") && !strings.HasSuffix(v.Name, "] load .dockerignore") {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	first, met := p.met[v.Name]
	if !met {
		p.met[v.Name] = v.Digest
		return false
	}
	return first != v.Digest && v.Error == ""
}

// without removes what belongs to some vertices.
func without(s *bkclient.SolveStatus, drop map[digest.Digest]bool) *bkclient.SolveStatus {
	if len(drop) == 0 {
		return s
	}
	out := &bkclient.SolveStatus{}
	for _, v := range s.Vertexes {
		if !drop[v.Digest] || v.Error != "" {
			out.Vertexes = append(out.Vertexes, v)
		}
	}
	for _, r := range s.Statuses {
		if !drop[r.Vertex] {
			out.Statuses = append(out.Statuses, r)
		}
	}
	for _, l := range s.Logs {
		if !drop[l.Vertex] {
			out.Logs = append(out.Logs, l)
		}
	}
	for _, w := range s.Warnings {
		if !drop[w.Vertex] {
			out.Warnings = append(out.Warnings, w)
		}
	}
	return out
}

// prefixed turns "[stage 1/2] RUN x" into "[prefix stage 1/2] RUN x", as buildx does for several targets.
func prefixed(prefix, name string) string {
	switch {
	case prefix == "" || name == "":
		return name
	case name[0] == '[':
		return "[" + prefix + " " + name[1:]
	default:
		return "[" + prefix + "] " + name
	}
}
