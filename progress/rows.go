package progress

import (
	bkclient "github.com/moby/buildkit/client"
	digest "github.com/opencontainers/go-digest"
)

// rows are those below a vertex that have no end yet. BuildKit does not end some of them, like a transfer that turned
// out not to be needed, and on a terminal their clocks would run until the display ends.
type rows map[digest.Digest]map[string]*bkclient.VertexStatus

// end adds to s the ends of rows whose vertex ends in it.
func (open rows) end(s *bkclient.SolveStatus) {
	for _, r := range s.Statuses {
		if open[r.Vertex] == nil {
			open[r.Vertex] = map[string]*bkclient.VertexStatus{}
		}
		open[r.Vertex][r.ID] = r
		if r.Completed != nil {
			delete(open[r.Vertex], r.ID)
		}
	}
	for _, v := range s.Vertexes {
		if v.Completed == nil {
			continue
		}
		for _, r := range open[v.Digest] {
			ended := *r
			ended.Completed = v.Completed
			s.Statuses = append(s.Statuses, &ended)
		}
		delete(open, v.Digest)
	}
}
