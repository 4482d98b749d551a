package bmo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/owner"
	"github.com/docker-bmo/docker-bmo/journal"
	"github.com/docker-bmo/docker-bmo/kube"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/registry"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/stack"
)

// ClusterRunOptions say how instances are started on a cluster.
type ClusterRunOptions struct {
	// RunOptions are as for Client.Run, but for Live, which no cluster can do. Parallel is 32 unless it is said. Repository, or
	// that of the stack, is where the cluster gets the images.
	RunOptions
	// ServiceType is by which kind of Service a detached instance is reached: one of ServiceTypes, empty for the first.
	ServiceType string
}

// Run starts instances of a stack's snapshot on the cluster and returns when they are ready, as Client.Run does. The snapshot
// is looked up in its repository first; only if it is not there, the client's engine has to make it and to push it, attested and
// signed as BuildOptions say.
//
// Without Detach the instance ends with this process: its address is a port of this machine, led through the cluster's API,
// and the cluster removes it when this process has not been heard of for a minute.
func (k *Cluster) Run(ctx context.Context, st *stack.Stack, o ClusterRunOptions) (*RunResult, error) {
	r, p, err := k.prepare(ctx, st, o)
	if err != nil {
		return nil, err
	}
	pool, err := k.poolOf(ctx, p, &r)
	if err != nil {
		return nil, err
	}
	list, err := k.kube.StartMany(ctx, r, instance.Many{Number: o.Number, AtOnce: o.Parallel, AllOrNone: o.AllOrNone, Started: o.Started})
	if len(list) == 0 {
		return nil, err
	}
	return &RunResult{Instances: list, Refill: k.client.refill(pool, list)}, err
}

// prepare says what to start, and gets its snapshot into the repository. p is what has led to the snapshot, nil for one that was named.
func (k *Cluster) prepare(ctx context.Context, st *stack.Stack, o ClusterRunOptions) (r kube.Request, p *pipeline, err error) {
	if err := o.checkCluster(st); err != nil {
		return r, nil, err
	}
	if _, err := k.kube.List(ctx); err != nil { // before anything takes time
		return r, nil, err
	}
	k.kube.Sweep(ctx, k.client.warn)
	if r, err = k.request(st, o); err != nil {
		return r, nil, err
	}
	repo, err := k.client.repository(cmp.Or(o.Repository, st.Repository))
	if err != nil {
		return r, nil, err
	}
	repo.Require(o.Verify)
	found, p, err := k.snapshotFor(ctx, repo, st, o.RunOptions)
	if err != nil {
		return r, nil, err
	}
	r.Snapshot, r.Images, r.Pull = found.Snapshot, imagesOf(found), credentialsOf(repo)
	return r, p, nil
}

// checkCluster refuses what no cluster can do, before anybody is asked.
func (o ClusterRunOptions) checkCluster(st *stack.Stack) error {
	if o.Live {
		return errors.New("--live mounts files of this machine, which no node of a cluster has: leave --on out")
	}
	if err := kube.CheckName(o.Name); err != nil {
		return err
	}
	if o.ServiceType != "" && !slices.Contains(kube.ServiceTypes, o.ServiceType) {
		return fmt.Errorf("invalid service type %q: want %s", o.ServiceType, strings.Join(kube.ServiceTypes, ", "))
	}
	if o.ServiceType != "" && !o.Detach {
		return hint.Wrap(errors.New("a service type is for --detach"), "without it the address is forwarded to this machine")
	}
	if o.Flavor != "" {
		if err := st.CheckFlavor(o.Flavor); err != nil {
			return err
		}
	}
	if err := st.CheckURL(); err != nil {
		return err
	}
	if cmp.Or(o.Repository, st.Repository) == "" {
		return noRepository()
	}
	return kube.Check(st, cmp.Or(o.Flavor, stack.DefaultFlavor))
}

func noRepository() error {
	return hint.Wrap(errors.New("a cluster gets the images from a registry, and no repository is named"),
		"--repository, DOCKER_BMO_REPOSITORY or x-bmo.repository of the stack names one that the nodes reach, too")
}

// request says what to start, but for the snapshot.
func (k *Cluster) request(st *stack.Stack, o ClusterRunOptions) (r kube.Request, err error) {
	r = kube.Request{
		Stack: st, Flavor: o.Flavor, Name: o.Name, Detach: o.Detach, Owner: owner.Current().String(), Environment: o.Env,
		ServiceType: o.ServiceType, Within: o.WaitTimeout, Warn: k.client.warn, Progress: o.Progress,
	}
	r.Publish, err = instance.ParsePublish(st, o.Publish)
	return r, err
}

// snapshotFor returns the snapshot as it is in its repository. One that is not there is made on the engine and pushed.
func (k *Cluster) snapshotFor(ctx context.Context, repo *registry.Repository, st *stack.Stack, o RunOptions) (*registry.Found, *pipeline, error) {
	c := k.client
	if o.Snapshot != "" {
		f, err := findIn(ctx, repo, o.Snapshot, "")
		if missing := (*NotInRepositoryError)(nil); errors.As(err, &missing) {
			f, err = k.pushed(ctx, repo, o, func(ctx context.Context, _ engine.Info) (*snapshot.Snapshot, error) {
				return snapshot.Resolve(ctx, c.engine, o.Snapshot)
			}, err)
		}
		if err != nil {
			return nil, nil, err
		}
		return f, nil, f.Fits(st.Name, launch.ServiceNames(st), launch.VolumeNames(launch.Lasting(st)))
	}
	info, down := c.Connect(ctx)
	if down != nil {
		info = engine.Info{OS: "linux", Arch: runtime.GOARCH} // the snapshot may be there, and then no engine is needed
	}
	platform, err := info.ParsePlatform(o.Platform)
	if err != nil {
		return nil, nil, err
	}
	p := &pipeline{client: c, engine: c.engine, info: info, other: platform, stack: st, options: o.BuildOptions, journal: journal.New(nil), unshow: c.show(o.Progress)}
	defer p.unshow()
	if err := p.loadContexts(ctx); err != nil {
		return nil, nil, err
	}
	if !o.NoCache && !o.Pull {
		f, err := repo.FindInputs(ctx, p.inputs.Digest(), platform)
		if f != nil || err != nil {
			return f, p, err
		}
	}
	f, err := k.pushed(ctx, repo, o, func(ctx context.Context, info engine.Info) (*snapshot.Snapshot, error) {
		return k.make(ctx, st, info, o)
	},
		fmt.Errorf("%s has no snapshot of these inputs", repo))
	return f, p, err
}

// make returns the snapshot on the engine.
func (k *Cluster) make(ctx context.Context, st *stack.Stack, info engine.Info, o RunOptions) (*snapshot.Snapshot, error) {
	p, err := k.client.newPipeline(ctx, st, info, o.BuildOptions)
	if err != nil {
		return nil, err
	}
	defer p.close(ctx)
	return o.choose(ctx, p)
}

// pushed gets a snapshot from the engine into the repository. missing says why that is needed.
func (k *Cluster) pushed(ctx context.Context, repo *registry.Repository, o RunOptions,
	get func(context.Context, engine.Info) (*snapshot.Snapshot, error), missing error,
) (*registry.Found, error) {
	info, err := k.client.connectAndSweep(ctx)
	if err != nil {
		return nil, hint.Wrap(fmt.Errorf("%w, and no engine can be asked for it: %w", missing, err), "`docker bmo build --push` with the same options, where there is an engine")
	}
	s, err := get(ctx, info)
	if err != nil {
		return nil, err
	}
	push := PushOptions{Repository: repo.String(), Attest: o.Attest, Sign: o.Sign, Progress: o.Progress}
	if _, err := k.client.push(ctx, s, push); err != nil {
		return nil, err
	}
	f, err := repo.FindKey(ctx, s.Key, "")
	if f == nil && err == nil {
		err = &registry.NotFoundError{Repository: repo.String(), What: snapshot.Short(s.Key)}
	}
	return f, err
}

// imagesOf returns a snapshot's images as a cluster gets them.
func imagesOf(f *registry.Found) map[string]kube.Image {
	images := map[string]kube.Image{}
	for _, part := range f.Parts() {
		images[part] = kube.Image(f.Config(part))
	}
	return images
}

func credentialsOf(r *registry.Repository) kube.Credentials {
	host, c, ok := r.Credentials()
	if !ok {
		return kube.Credentials{}
	}
	return kube.Credentials{
		Registry: host, Username: c.Username, Password: c.Password, IdentityToken: c.IdentityToken, RegistryToken: c.RegistryToken,
	}
}

// ManifestOptions say which instance Manifest is of.
type ManifestOptions struct {
	// Repository is where the cluster gets the images; empty for that of the stack. Snapshot is the key of the snapshot or the
	// beginning of it; empty for that of the inputs.
	Repository, Snapshot string
	// Name of the instance, empty for the stack's. Flavor is one of the stack's, empty for the default one, and ServiceType one
	// of ServiceTypes.
	Name, Flavor, ServiceType string
}

// Manifest returns what Cluster.Run would make of a stack, as YAML for those who apply it themselves. notes say what it
// leaves to them, and which images nobody has a snapshot of yet. No cluster is asked.
func (c *Client) Manifest(ctx context.Context, st *stack.Stack, o ManifestOptions) (text []byte, notes []string, err error) {
	run := ClusterRunOptions{ServiceType: o.ServiceType, RunOptions: RunOptions{
		BuildOptions: BuildOptions{Repository: o.Repository}, Snapshot: o.Snapshot, Flavor: o.Flavor, Name: o.Name, Detach: true,
	}}
	err = run.checkCluster(st)
	none := cmp.Or(o.Repository, st.Repository) == ""
	if none && err != nil && err.Error() == noRepository().Error() {
		err = kube.Check(st, cmp.Or(o.Flavor, stack.DefaultFlavor))
	}
	if err != nil {
		return nil, nil, err
	}
	r, err := (&Cluster{client: c}).request(st, run)
	if err != nil {
		return nil, nil, err
	}
	r.Name, r.Images = cmp.Or(o.Name, strings.ReplaceAll(st.Name, "_", "-")), kube.PlaceholderImages(st)
	found, err := c.published(ctx, st, run.RunOptions)
	switch {
	case none:
		notes = append(notes, "no repository is named, so the images are not known: --repository, DOCKER_BMO_REPOSITORY or x-bmo.repository names it")
	case err != nil:
		return nil, nil, err
	case found == nil:
		notes = append(notes, "the repository has no snapshot of these inputs, so the images are not known: `docker bmo build --push` puts it there")
	default:
		r.Snapshot, r.Images = found.Snapshot, imagesOf(found)
		if repo, err := c.repository(cmp.Or(o.Repository, st.Repository)); err == nil && credentialsOf(repo).Registry != "" {
			notes = append(notes, "the repository has a password, which is not in the manifest: add imagePullSecrets")
		}
	}
	text, more, err := kube.Manifest(r, time.Now())
	return text, append(notes, more...), err
}

// published returns the snapshot as the repository has it, nil if it has none, or if there is no repository.
func (c *Client) published(ctx context.Context, st *stack.Stack, o RunOptions) (*registry.Found, error) {
	name := cmp.Or(o.Repository, st.Repository)
	if name == "" {
		return nil, nil //nolint:nilnil // there is none
	}
	repo, err := c.repository(name)
	if err != nil {
		return nil, err
	}
	if o.Snapshot != "" {
		return findIn(ctx, repo, o.Snapshot, "")
	}
	info, down := c.Connect(ctx)
	if down != nil {
		info = engine.Info{OS: "linux", Arch: runtime.GOARCH}
	}
	p := &pipeline{client: c, engine: c.engine, info: info, stack: st, options: o.BuildOptions}
	if err := p.loadContexts(ctx); err != nil {
		return nil, err
	}
	return repo.FindInputs(ctx, p.inputs.Digest(), info.Platform())
}
