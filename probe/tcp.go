package probe

import (
	"context"
	"fmt"
)

// TCP is ready when the port accepts a connection. It is for servers that cannot be asked for more; see the package's
// comment.
type TCP struct{ Port int }

func (t TCP) String() string { return fmt.Sprintf("tcp connect to port %d", t.Port) }

// Check connects.
func (t TCP) Check(ctx context.Context, dial Dialer) error {
	c, err := dial(ctx)
	if err != nil {
		return err
	}
	return c.Close()
}
