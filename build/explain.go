package build

import (
	"regexp"
	"slices"
	"strings"

	"github.com/docker-bmo/docker-bmo/engine"
)

// chain matches what BuildKit says it was about to do, before the actual error.
var chain = regexp.MustCompile(`^(failed to solve: |dockerfile parse error on line \d+: |failed to resolve source metadata for [^ ]+: |` +
	`failed to dial gRPC: |failed to receive status: |` +
	`failed to (?:compute|load) cache key: |failed to calculate checksum of ref [^ ]+: |failed to copy: |pulling from host [^ ]+ failed with status code \[[^]]*\]: )`)

// explanation rewrites one kind of error. $1 and $2 stand for the groups of its pattern.
type explanation struct {
	pattern    *regexp.Regexp
	text, hint string
}

const (
	reachHint = "see whether the image's name is right and `docker pull` gets it: the engine goes the same way"
	imageHint = "FROM and --from take an image, a stage above, or a context: one of x-bmo.contexts or --build-context NAME=FOLDER"
	// for a build that cannot reach the source of its packages
	networkHint = "the first build installs packages: check the engine's network, name server and proxy; what is built once needs none"
	spaceHint   = engine.SpaceHint
)

var explanations = []explanation{
	{regexp.MustCompile(`no space left on device`), "", spaceHint},
	{regexp.MustCompile(`layer does not exist`), "", "the engine has lost a layer that is in its build cache: `--no-cache` makes it anew"},
	{
		regexp.MustCompile(`unexpected status from \w+ request to \w+://([^/]+)/\S*: (40[13] .*)$`), "registry $1 answered $2",
		"`docker login $1` with an account that may read it",
	},
	{
		regexp.MustCompile(`unexpected status from \w+ request to \w+://([^/]+)/\S*: (429 .*)$`), "registry $1 answered $2",
		"try again in a while; `docker login $1` often raises the limit",
	},
	{
		regexp.MustCompile(`unexpected status from \w+ request to \w+://([^/]+)/\S*: (.*)$`), "registry $1 answered $2",
		"the registry is in trouble: try again in a while",
	},
	{
		regexp.MustCompile(`failed to do request: \w+ "\w+://([^/]+)/[^"]*": (?:.*: )?([^:]+)$`), "registry $1 cannot be reached: $2", reachHint,
	},
	{
		regexp.MustCompile(`error getting credentials - err: exec: "([^"]+)": executable file not found`), "the credential helper $1 is not installed",
		"take it out of credsStore and credHelpers in docker's config.json, or install it",
	},
	{
		regexp.MustCompile(`^docker\.io/docker/dockerfile(\S*): (not found|pull access denied.*)$`), "no image docker/dockerfile$1",
		"leave the `# syntax` line out: none is needed",
	},
	{regexp.MustCompile(`^(?:docker\.io/library/|docker\.io/)?([^\s":]+(?::[^\s"]+)?): not found$`), "no image $1", imageHint},
	{
		regexp.MustCompile(`^(?:docker\.io/library/|docker\.io/)?([^\s":]+(?::[^\s"]+)?): pull access denied.*$`),
		"no image $1, or none that may be read without logging in", imageHint + "; `docker login`, if it is a private image",
	},
	{
		regexp.MustCompile(`^secret (\S+): not found$`), "no secret $1",
		"`--secret id=$1,src=FILE` gives it to the build, and so does build.secrets of the service",
	},
	{
		regexp.MustCompile(`^no SSH key "(?:default)?" forwarded from the client$`), "no SSH agent",
		"`--ssh default` gives the build yours, and so does build.ssh of the service",
	},
	{
		regexp.MustCompile(`^no SSH key "([^"]+)" forwarded from the client$`), "no SSH agent or key $1",
		"`--ssh $1=FILE` gives the build a key, and so does build.ssh of the service",
	},
	{
		regexp.MustCompile(`^"([^"]+)": not found$`), "no $1 in the context that it is copied from",
		"what .dockerignore, or include and exclude of x-bmo.contexts, leave out is not there either",
	},
}

var exitCode = regexp.MustCompile(`process "((?s).*)" did not complete successfully: exit code: (\d+)`)

// unreachable matches how package managers say that there is no network.
var unreachable = regexp.MustCompile(`(?i)Temporary failure (in name resolution|resolving)|Could not (resolve|connect)|Network is unreachable|EAI_AGAIN|ENOTFOUND`)

// explain says what failed in docker bmo's words and what to do. located reports that the instruction is shown anyway.
func explain(text string, located bool, output []string) (cause, hint string) {
	for m := chain.FindString(text); m != ""; m = chain.FindString(text) {
		text = text[len(m):]
	}
	for _, e := range explanations {
		m := e.pattern.FindStringSubmatchIndex(text)
		switch {
		case m == nil:
		case e.text == "":
			return text, e.hint
		default:
			return string(e.pattern.ExpandString(nil, e.text, text, m)), string(e.pattern.ExpandString(nil, e.hint, text, m))
		}
	}
	if m := exitCode.FindStringSubmatch(text); m != nil {
		if cause = "exit code " + m[2]; !located {
			cause = "`" + m[1] + "`: " + cause
		}
		return cause, reasonHint(output)
	}
	return text, ""
}

// reasonHint returns what to do about a reason that is in a command's last lines.
func reasonHint(output []string) string {
	has := func(re *regexp.Regexp) bool { return slices.ContainsFunc(output, re.MatchString) }
	switch {
	case has(regexp.MustCompile(`(?i)no space left on device`)):
		return spaceHint
	case has(unreachable):
		return networkHint
	default:
		return ""
	}
}

// cutHints cuts a command's own hints out of its last lines and returns them as one text.
func cutHints(output []string) (rest []string, hint string) {
	var hints []string
	for _, l := range output {
		if h, ok := strings.CutPrefix(l, "hint: "); ok {
			hints = append(hints, h)
			continue
		}
		rest = append(rest, l)
	}
	return rest, strings.Join(hints, "\nhint: ")
}
