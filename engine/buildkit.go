package engine

import (
	"context"
	"fmt"
	"net"

	bkclient "github.com/moby/buildkit/client"
)

// BuildKit returns a client of the BuildKit that is part of the engine. The caller must close it.
func (e *Engine) BuildKit(ctx context.Context) (*bkclient.Client, error) {
	c, err := bkclient.New(ctx, "",
		bkclient.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return e.api.DialHijack(ctx, "/grpc", "h2c", nil)
		}),
		bkclient.WithSessionDialer(func(ctx context.Context, proto string, meta map[string][]string) (net.Conn, error) {
			return e.api.DialHijack(ctx, "/session", proto, meta)
		}))
	if err != nil {
		return nil, fmt.Errorf("connect to the engine's BuildKit: %w", err)
	}
	return c, nil
}
