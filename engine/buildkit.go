package engine

import (
	"context"
	"fmt"
	"net"
	"regexp"
	"time"

	bkclient "github.com/moby/buildkit/client"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
)

// pings is how a connection to BuildKit ends that leads nowhere any more, also in the middle of a build, which may take as long as it
// does and say nothing meanwhile: an engine that is there answers a ping whatever it is doing. gRPC's servers end a connection on which
// pings come more often than every 5 minutes.
var pings = keepalive.ClientParameters{Time: 6 * time.Minute, Timeout: time.Minute}

// BuildKit returns a client of the BuildKit that is part of the engine, for as long as ctx lives. The caller must close it.
func (e *Engine) BuildKit(ctx context.Context) (*bkclient.Client, error) {
	// The first connection is made here, since what it fails with would only be a text within BuildKit's own error.
	conn, err := e.api.DialHijack(ctx, "/grpc", "h2c", nil)
	if err != nil {
		return nil, e.buildKitRefused("/grpc", err)
	}
	first := make(chan net.Conn, 1)
	first <- conn
	c, err := bkclient.New(ctx, "", bkclient.WithGRPCDialOption(grpc.WithKeepaliveParams(pings)),
		bkclient.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			select {
			case conn := <-first:
				return conn, nil
			default:
				return e.api.DialHijack(ctx, "/grpc", "h2c", nil)
			}
		}),
		bkclient.WithSessionDialer(func(dialing context.Context, proto string, meta map[string][]string) (net.Conn, error) {
			began := time.Now()
			conn, err := e.api.DialHijack(dialing, "/session", proto, meta)
			switch {
			case err != nil && dialing.Err() != nil && ctx.Err() == nil: // BuildKit's client has done its work, and waits no longer
				err = &SilentError{Host: e.Host(), Request: "open /session", After: time.Since(began).Round(time.Millisecond)}
			case err != nil && refusal.MatchString(err.Error()):
				err = e.buildKitRefused("/session", err)
			}
			return conn, err
		}))
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("connect to the engine's BuildKit: %w", err)
	}
	return c, nil
}

// refusal matches how the client reports that an upgrade of a connection was not accepted.
var refusal = regexp.MustCompile(`unable to upgrade to \w+, received (\d+)`)

// buildKitRefused returns why BuildKit cannot be reached: a proxy in front of the engine that does not let /grpc through,
// or something that has the Engine API and no BuildKit, such as Podman.
func (e *Engine) buildKitRefused(path string, err error) error {
	m := refusal.FindStringSubmatch(err.Error())
	if m == nil {
		return fmt.Errorf("connect to the engine's BuildKit: %w", Plain(err))
	}
	return &UnusableError{
		Reason: fmt.Sprintf("%s answers a request for %s, by which BuildKit is reached, with status %s", e.Host(), path, m[1]),
		Advice: refusedAdvice,
	}
}

const refusedAdvice = "a proxy in front of the engine has to let POST /grpc and /session through; Podman has no BuildKit"

// sessionError matches what BuildKit's client makes of the error of a session that could not be opened: a text.
var sessionError = regexp.MustCompile(`(\S+ answers a request for /session, by which BuildKit is reached, with status \d+)|` +
	`what answers at \S+ is not a docker engine, or not always: open /session|the docker engine at (\S+) has not answered within (\S+): open /session`)

// asSession returns the error for such a text, nil for any other.
func asSession(text string) error {
	switch m := sessionError.FindStringSubmatch(text); {
	case m == nil:
		return nil
	case m[1] != "":
		return &UnusableError{Reason: m[1], Advice: refusedAdvice}
	case m[2] != "":
		after, _ := time.ParseDuration(m[3])
		return &SilentError{Host: m[2], Request: "open /session", After: after}
	default:
		return &StrangeError{Request: "open /session"}
	}
}
