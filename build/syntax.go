package build

import (
	"context"
	"regexp"
	"strconv"

	"github.com/moby/buildkit/frontend/dockerfile/builder"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
)

// syntaxMinor is the version 1.N of the Dockerfile syntax that the frontend in this program has, as BuildKit's table of
// what came with which version says (frontend/dockerfile/docs/reference.md).
const syntaxMinor = 20

// official matches the releases of Docker's frontend for Dockerfiles. Its labs and what is named by a digest are others.
var official = regexp.MustCompile(`^(?:docker\.io/)?docker/dockerfile(?::(?:latest|1(?:\.(\d+)(?:\.\d+)?)?))?$`)

// builtIn reports whether the frontend in this program understands all that the one of that image does. Syntax 1 only
// grows: a newer 1.N reads what was written for an older one.
func builtIn(ref string) bool {
	m := official.FindStringSubmatch(ref)
	if m == nil {
		return false
	}
	minor, err := strconv.Atoi(m[1])
	return m[1] == "" || err == nil && minor <= syntaxMinor
}

// Solve runs the frontend that the `# syntax` line of a Dockerfile names here, when this program has it: no registry is
// asked, and the base images that it resolves are recorded.
func (c *client) Solve(ctx context.Context, req gateway.SolveRequest) (*gateway.Result, error) {
	if req.Frontend == "gateway.v0" && builtIn(req.FrontendOpt["source"]) {
		return builder.Build(ctx, &chosen{client: c, cmdline: req.FrontendOpt["cmdline"]})
	}
	return c.Client.Solve(ctx, req)
}

// chosen is a client whose frontend has been chosen by the syntax line: the frontend does not look for that again.
type chosen struct {
	*client
	cmdline string
}

// BuildOpts returns the options of the target as that frontend gets them.
func (c *chosen) BuildOpts() gateway.BuildOpts {
	o := c.client.BuildOpts()
	o.Opts["cmdline"] = c.cmdline
	return o
}

// Solve solves what the frontend asks for.
func (c *chosen) Solve(ctx context.Context, req gateway.SolveRequest) (*gateway.Result, error) {
	return c.Client.Solve(ctx, req)
}
