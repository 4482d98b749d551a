package bmo

import (
	"context"
	"io"

	"github.com/docker-bmo/docker-bmo/report"
)

// Report writes one HTML page about an instance, there or gone, or about how a snapshot was made; name is what it is for
// Logs. The page refers to nothing outside of it.
func (c *Client) Report(ctx context.Context, name string, w io.Writer) error {
	v, err := c.open(ctx, name, report.Query)
	if err != nil {
		return err
	}
	defer v.Close()
	return report.Write(w, v)
}
