package progress

import (
	bkclient "github.com/moby/buildkit/client"

	"github.com/docker-bmo/docker-bmo/internal/grpctext"
	"github.com/docker-bmo/docker-bmo/internal/printable"
)

// escape quotes what would do something to a terminal in the names and errors of a status: they quote files and servers of
// somebody else. What gRPC adds to errors is left out. The lines that a program prints are left as they are.
func escape(s *bkclient.SolveStatus) {
	for _, v := range s.Vertexes {
		v.Name, v.Error = printable.Text(v.Name), printable.Text(grpctext.Plain(v.Error))
	}
	for _, r := range s.Statuses {
		r.ID, r.Name = printable.Text(r.ID), printable.Text(r.Name)
	}
	for _, w := range s.Warnings {
		w.Short = []byte(printable.Text(string(w.Short)))
	}
}
