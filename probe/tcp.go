package probe

import (
	"context"
	"errors"
	"fmt"
)

// TCP is ready when the port accepts a connection. It is for servers that cannot be asked for more; see the package's
// comment.
type TCP struct{ Port int }

func (t TCP) String() string { return fmt.Sprintf("tcp connect to port %d", t.Port) }

// Check connects. Where something else accepts connections for the server, it has to keep this one: what has no server
// to lead it to closes it.
func (t TCP) Check(ctx context.Context, dial Dialer) error {
	c, err := dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if !proxied(c) {
		return nil
	}
	defer context.AfterFunc(ctx, func() { c.Close() })()
	said, err := firstBytes(c, silence)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case len(said) > 0 || errors.Is(err, errSilent):
		return nil
	default:
		return errHungUpByProxy
	}
}
