package probe

import (
	"context"
	"fmt"
)

// TCP is ready when somebody listens. It is for servers that have no more to ask for; see the package's comment.
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
