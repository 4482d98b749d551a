package build

import (
	"errors"
	"testing"

	bkclient "github.com/moby/buildkit/client"
	bkerrors "github.com/moby/buildkit/solver/errdefs"
	pb "github.com/moby/buildkit/solver/pb"
	"gotest.tools/v3/assert"
)

// at wraps err as BuildKit does for lines of a Dockerfile.
func at(err error, dockerfile string, first, last int32) error {
	return bkerrors.WithSource(err, &bkerrors.Source{
		Info:   &pb.SourceInfo{Filename: "Dockerfile", Data: []byte(dockerfile)},
		Ranges: []*pb.Range{{Start: &pb.Position{Line: first}, End: &pb.Position{Line: last}}},
	})
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ said, want, hint string }{
		{"failed to solve: dockerfile parse error on line 9: unknown instruction: FORM", "unknown instruction: FORM", ""},
		{"failed to solve: process \"/bin/sh -c a\nb\" did not complete successfully: exit code: 3", "`/bin/sh -c a\nb`: exit code 3", ""},
		{
			`failed to solve: failed to compute cache key: failed to calculate checksum of ref a::b: "/x": not found`,
			"no /x in the context that it is copied from",
			"what .dockerignore, or include and exclude of x-bmo.contexts, leave out is not there either",
		},
		{
			"failed to solve: secret npmrc: not found", "no secret npmrc",
			"`--secret id=npmrc,src=FILE` gives it to the build, and so does build.secrets of the service",
		},
		{
			`failed to solve: no SSH key "" forwarded from the client`, "no SSH agent",
			"`--ssh default` gives the build yours, and so does build.ssh of the service",
		},
		{
			`failed to solve: no SSH key "github" forwarded from the client`, "no SSH agent or key github",
			"`--ssh github=FILE` gives the build a key, and so does build.ssh of the service",
		},
		{"failed to dial gRPC: the engine has not answered", "the engine has not answered", ""},
		{"failed to solve: failed to receive status: it broke", "it broke", ""},
		{"failed to solve: docker.io/library/x:latest: not found", "no image x:latest", imageHint},
		{"failed to solve: failed to resolve source metadata for docker.io/o/x:1: docker.io/o/x:1: not found", "no image o/x:1", imageHint},
		{"failed to solve: r.example:5000/x:1: not found", "no image r.example:5000/x:1", imageHint},
		{
			"failed to solve: x: failed to resolve", "x: failed to resolve", "",
		},
		{
			"failed to solve: x/y: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope",
			"no image x/y, or none that may be read without logging in", imageHint + "; `docker login`, if it is a private image",
		},
		{
			"failed to solve: unexpected status from HEAD request to https://r.example/v2/x/manifests/1: 401 Unauthorized",
			"registry r.example answered 401 Unauthorized", "`docker login r.example` with an account that may read it",
		},
		{
			"failed to solve: unexpected status from GET request to http://r.example:1/v2/x/blobs/1: 429 Too Many Requests",
			"registry r.example:1 answered 429 Too Many Requests", "try again in a while; `docker login r.example:1` often raises the limit",
		},
		{
			"failed to solve: unexpected status from HEAD request to https://r.example/v2/x/manifests/1: 502 Bad Gateway",
			"registry r.example answered 502 Bad Gateway", "the registry is in trouble: try again in a while",
		},
		{
			`failed to solve: failed to do request: Head "https://r.example/v2/x/manifests/1": dial tcp: lookup r.example on 10.0.0.1:53: no such host`,
			"registry r.example cannot be reached: no such host", reachHint,
		},
		{
			`failed to solve: failed to do request: Head "https://r.example:1/v2/x/manifests/1": dial tcp 10.0.0.1:1: connect: connection refused`,
			"registry r.example:1 cannot be reached: connection refused", reachHint,
		},
		{
			"failed to solve: error getting credentials - err: exec: \"docker-credential-desktop\": executable file not found in $PATH, out: ``",
			"the credential helper docker-credential-desktop is not installed",
			"take it out of credsStore and credHelpers in docker's config.json, or install it",
		},
		{
			"failed to solve: failed to resolve source metadata for docker.io/docker/dockerfile:1: docker.io/docker/dockerfile:1: not found",
			"no image docker/dockerfile:1", "leave the `# syntax` line out: none is needed",
		},
		{"failed to solve: write /x: no space left on device", "write /x: no space left on device", spaceHint},
		{
			"failed to solve: layer does not exist", "layer does not exist",
			"the engine has lost a layer that is in its build cache: `--no-cache` makes it anew",
		},
		{"failed to solve: thing x: not found", "thing x: not found", ""},
	} {
		err := newError([]string{"web", "job"}, errors.New(c.said), nil, true)
		assert.Equal(t, err.Error(), "image of web and job: "+c.want)
		assert.Equal(t, err.Hint(), c.hint, c.said)
	}
}

func TestErrorsShowTheInstruction(t *testing.T) {
	failed := errors.New(`process "/bin/sh -c apt-get update" did not complete successfully: exit code: 100`)
	const dockerfile = "FROM debian\nRUN apt-get update \\\n && apt-get install x\n"
	for _, c := range []struct {
		name   string
		err    error
		output []string
		shown  bool
		want   string
		hint   string
	}{
		{"shown", at(failed, dockerfile, 2, 2), []string{"E: x"}, true, "Dockerfile:2: `RUN apt-get update`: exit code 100", ""},
		{"on several lines", at(failed, dockerfile, 2, 3), nil, true, "Dockerfile:2: `RUN apt-get update ...`: exit code 100", ""},
		{
			"not shown", at(failed, dockerfile, 2, 2),
			[]string{"E: x", "E: y"},
			false,
			"Dockerfile:2: `RUN apt-get update`: exit code 100; its last lines:\n  E: x\n  E: y", "`--progress plain` shows all that it printed",
		},
		{"nothing to show", at(failed, dockerfile, 2, 2), nil, false, "Dockerfile:2: `RUN apt-get update`: exit code 100", ""},
		{
			"with a hint of its own", at(failed, dockerfile, 1, 1),
			[]string{"E: x", "hint: mend it", "hint: or not"},
			false,
			"Dockerfile:1: `FROM debian`: exit code 100; its last lines:\n  E: x", "mend it\nhint: or not",
		},
		{
			"no network", at(failed, dockerfile, 2, 2),
			[]string{"W: Temporary failure resolving 'x'", "E: y"},
			true,
			"Dockerfile:2: `RUN apt-get update`: exit code 100", networkHint,
		},
		{
			"no space", at(failed, dockerfile, 2, 2),
			[]string{"cp: x: No space left on device"},
			true,
			"Dockerfile:2: `RUN apt-get update`: exit code 100", spaceHint,
		},
		{"a line that is not there", at(failed, dockerfile, 9, 9), nil, true, "`/bin/sh -c apt-get update`: exit code 100", ""},
	} {
		err := newError([]string{"web"}, c.err, c.output, c.shown)
		assert.Equal(t, err.Error(), "image of web: "+c.want, c.name)
		assert.Equal(t, err.Hint(), c.hint, c.name)
		assert.Assert(t, errors.Is(err, failed))
	}
}

func TestOutputsOfWhatFailed(t *testing.T) {
	var o outputs
	in, out := make(chan *bkclient.SolveStatus), make(chan *bkclient.SolveStatus)
	go o.watch(in, out)
	for _, s := range []*bkclient.SolveStatus{
		{Logs: []*bkclient.VertexLog{{Vertex: "a", Data: []byte("other\n")}, {Vertex: "b", Data: []byte("one\ntw")}}},
		{Logs: []*bkclient.VertexLog{{Vertex: "b", Data: []byte("o\r\n")}}},
		{Vertexes: []*bkclient.Vertex{{Digest: "a", Error: "context canceled"}, {Digest: "b", Error: "exit code: 1"}}},
		{Vertexes: []*bkclient.Vertex{{Digest: "a", Error: "exit code: 2"}}},
	} {
		in <- s
		assert.Equal(t, <-out, s)
	}
	close(in)
	_, open := <-out
	assert.Assert(t, !open)
	assert.DeepEqual(t, o.ofFailed(), []string{"one", "two"})
}
