package bmo

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/stack"
)

// poolPurpose keeps digests of pools apart from all else that is made with the user's key.
const poolPurpose = "docker bmo pool\n"

// digest returns what tells two values apart. It is made with the user's key, since there may be passwords in them that
// nobody is to guess from a label.
func (c *Client) digest(value any) (string, error) {
	key, err := c.stateKey(true)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(value)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(poolPurpose))
	mac.Write(text)
	return hex.EncodeToString(mac.Sum(nil)), nil
}

// poolIDSize is how many digits of a digest are a pool's identifier, as many as docker shows of one.
const poolIDSize = 12

// poolID returns the identifier of the pool of an application, as it is named and not as it is now: a pool stays the same
// when a file changes. The contexts are loaded.
// where, if anything, keeps pools of one application apart.
func (p *pipeline) poolID(r instance.Request, where ...string) (string, error) {
	sum, err := p.client.digest(struct {
		Stack, Dir, Source, Flavor string
		Files, Services            []string
		Environment                map[string]string
		BuildArgs, BuildContexts   map[string]string
		Where                      []string `json:",omitempty"`
	}{
		p.stack.Name, p.stack.Dir, p.request.Contexts.Source, orDefault(r.Flavor), p.stack.Files, launch.ServiceNames(p.stack),
		r.Environment, p.options.BuildArgs, p.options.BuildContexts, where,
	})
	if err != nil {
		return "", err
	}
	return sum[:poolIDSize], nil
}

// match returns the digest of all that the instances of a request are made from. Two that have the same differ in nothing
// but their names, addresses and random secrets. how is what else of a request makes a difference.
func (p *pipeline) match(r instance.Request, how ...string) (string, error) {
	st := *p.stack
	st.Dir, st.Files, st.FS, st.Path, st.BuiltIn = "", nil, nil, "", nil
	st.Contexts, st.Bootstrap, st.Source = nil, nil, stack.Source{}
	st.Notes, st.Warnings, st.Variables, st.Candidates = nil, nil, nil, nil
	st.Services = append([]stack.Service{}, st.Services...)
	var contents [][]byte
	for i := range st.Services {
		st.Services[i].Build = nil
		for _, f := range st.Services[i].Files {
			content, err := p.stack.Content(f.Source)
			if err != nil {
				return "", err
			}
			contents = append(contents, content)
		}
	}
	return p.client.digest(struct {
		Key, Flavor          string
		Stack                *stack.Stack
		Contents             [][]byte
		Environment, Proxies map[string]string
		Publish              []instance.Publish
		How                  []string `json:",omitempty"`
	}{r.Snapshot.Key, orDefault(r.Flavor), &st, contents, r.Environment, r.Proxies, r.Publish, how})
}

func orDefault(flavor string) string {
	if flavor == "" {
		return stack.DefaultFlavor
	}
	return flavor
}

// poolOf makes a request one that an instance of a pool may serve, if there is any pool. Without the contexts, for a snapshot
// that the user has named, there is none. own is the identifier of the pool
// that its application has, "" if it has none.
func (o RunOptions) poolOf(ctx context.Context, p *pipeline, r *instance.Request) (own string, err error) {
	r.Pool = instance.Pool{}
	if o.Name != "" || o.Live || p.request.Contexts == nil || p.client.stateDir == "" || p.stack.TellsSecrets() {
		return "", nil
	}
	pools, err := p.client.poolMarks(ctx, "")
	if err != nil || len(pools) == 0 {
		return "", err
	}
	id, err := p.poolID(*r)
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(pools, func(o Pool) bool { return o.ID == id }) {
		own = id
	}
	r.Pool.Match, err = p.match(*r)
	return own, err
}
