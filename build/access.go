package build

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	buildctl "github.com/moby/buildkit/cmd/buildctl/build"
	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/session/secrets"
	"github.com/moby/buildkit/session/secrets/secretsprovider"
	"github.com/moby/buildkit/session/sshforward/sshprovider"
	"github.com/tonistiigi/go-csvvalue"

	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/stack"
)

// Access is what RUN may use and no image contains: secrets by their id, and SSH agents and keys. What it has goes
// before what the stack says under the same id.
type Access struct {
	secrets secrets.SecretStore
	ssh     []sshprovider.AgentConfig
}

// ParseAccess parses the values of docker's --secret and --ssh. The files of secrets have to be there; nothing is read.
func ParseAccess(secrets, ssh []string) (Access, error) {
	var sources []secretsprovider.Source
	for _, s := range secrets {
		source, err := parseSecret(s)
		if err != nil {
			return Access{}, fmt.Errorf("invalid --secret %q: %w", s, err)
		}
		sources = append(sources, source)
	}
	store, err := secretsprovider.NewStore(sources)
	if err != nil {
		return Access{}, fmt.Errorf("invalid --secret: %w", err)
	}
	agents, err := buildctl.ParseSSH(ssh)
	if err != nil {
		return Access{}, fmt.Errorf("invalid --ssh: %w", err)
	}
	return Access{store, agents}, nil
}

// parseSecret parses id=ID[,src=PATH|env=NAME][,type=file|env].
func parseSecret(text string) (s secretsprovider.Source, err error) {
	fields, err := csvvalue.Fields(text, nil)
	if err != nil {
		return s, err
	}
	kind := ""
	for _, field := range fields {
		key, value, ok := strings.Cut(field, "=")
		if !ok {
			return s, fmt.Errorf("%q is not KEY=VALUE", field)
		}
		switch strings.ToLower(key) {
		case "id":
			s.ID = value
		case "src", "source":
			s.FilePath = value
		case "env":
			s.Env = value
		case "type":
			kind = value
		default:
			return s, fmt.Errorf("unknown key %q: want id, src, env or type", key)
		}
	}
	switch {
	case s.ID == "":
		return s, errors.New("it has no id")
	case kind != "" && kind != "file" && kind != "env":
		return s, fmt.Errorf("unknown type %q: want file or env", kind)
	case kind == "env" && s.Env == "":
		s.Env, s.FilePath = s.FilePath, ""
	}
	return s, nil
}

// attach returns what BuildKit may ask for while it builds a target.
func (r Request) attach(t target) ([]session.Attachable, error) {
	known, ids := map[string]stack.Content{}, []string(nil)
	for _, b := range r.builds(t.service) {
		for id, content := range b.Secrets {
			if _, ok := known[id]; !ok {
				known[id] = content
			}
		}
		ids = append(ids, b.SSH...)
	}
	list := append(slices.Clone(r.Session), secretsprovider.NewSecretProvider(secretStore{r, known}))
	own, err := buildctl.ParseSSH(ids)
	if err != nil {
		return nil, fmt.Errorf("service %s: build.ssh: %w", t.name(), err)
	}
	agents := slices.Clone(r.Access.ssh)
	for _, a := range own {
		if !slices.ContainsFunc(agents, func(given sshprovider.AgentConfig) bool { return given.ID == a.ID }) {
			agents = append(agents, a)
		}
	}
	if len(agents) == 0 {
		return list, nil
	}
	ssh, err := sshprovider.NewSSHAgentProvider(agents)
	if err != nil {
		return nil, hint.Wrap(fmt.Errorf("SSH for builds: %w", err),
			"start an SSH agent and add a key to it, or name a key without a passphrase: --ssh default=FILE")
	}
	return append(list, ssh), nil
}

// secretStore has the secrets of a build.
type secretStore struct {
	request Request
	stack   map[string]stack.Content
}

// GetSecret returns a secret as it is now.
func (s secretStore) GetSecret(ctx context.Context, id string) ([]byte, error) {
	if given := s.request.Access.secrets; given != nil {
		if data, err := given.GetSecret(ctx, id); !errors.Is(err, secrets.ErrNotFound) {
			return data, err
		}
	}
	if content, ok := s.stack[id]; ok {
		return s.request.Stack.Content(content)
	}
	return nil, secrets.ErrNotFound
}
