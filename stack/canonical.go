package stack

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	digest "github.com/opencontainers/go-digest"
)

// canonicalFormat changes when the meaning of the fields below does, so that snapshots made with an older meaning do
// not count as the same.
const canonicalFormat = 2

type canonicalStack struct {
	Format    int                `json:"format"`
	Name      string             `json:"name"`
	Services  []canonicalService `json:"services"`
	Bootstrap []canonicalStep    `json:"bootstrap"`
}

type canonicalService struct {
	Name        string            `json:"name"`
	Image       string            `json:"image"`
	Build       *canonicalBuild   `json:"build"`
	Entrypoint  []string          `json:"entrypoint"`
	Command     []string          `json:"command"`
	Environment map[string]string `json:"environment"`
	User        string            `json:"user"`
	WorkingDir  string            `json:"working_dir"`
	Hostname    string            `json:"hostname"`
	DependsOn   []string          `json:"depends_on"`
	Aliases     []string          `json:"aliases"`
	Tmpfs       []string          `json:"tmpfs"`
	StopSignal  string            `json:"stop_signal"`
	MemLimit    int64             `json:"mem_limit"`
	ShmSize     int64             `json:"shm_size"`
	Init        bool              `json:"init"`
	Ulimits     map[string]Ulimit `json:"ulimits"`
	Snapshot    bool              `json:"snapshot"`
	OneShot     bool              `json:"one_shot"`
	Mounts      []Mount           `json:"mounts"`
	Files       []canonicalFile   `json:"files"`
	Settings    Settings          `json:"settings"`
}

type canonicalFile struct {
	Target   string `json:"target"`
	UID, GID int
	Mode     fs.FileMode   `json:"mode"`
	Content  digest.Digest `json:"content"` // "" for a secret
}

type canonicalBuild struct {
	Dockerfile         string            `json:"dockerfile"`
	DockerfileInline   string            `json:"dockerfile_inline"`
	Target             string            `json:"target"`
	Args               map[string]string `json:"args"`
	AdditionalContexts []string          `json:"additional_contexts"`
	ExtraHosts         []string          `json:"extra_hosts"`
	Network            string            `json:"network"`
	ShmSize            int64             `json:"shm_size"`
	Ulimits            map[string]Ulimit `json:"ulimits"`
	Labels             map[string]string `json:"labels"`
	Entitlements       []string          `json:"entitlements"`
}

type canonicalStep struct {
	Service     string            `json:"service"`
	Command     []string          `json:"command"`
	Exec        bool              `json:"exec"`
	Entrypoint  []string          `json:"entrypoint"`
	User        string            `json:"user"`
	WorkingDir  string            `json:"working_dir"`
	Environment map[string]string `json:"environment"`
	Checkpoint  bool              `json:"checkpoint,omitempty"`
}

// Canonical returns the stack as JSON that is the same for the same stack, for the key of its snapshots. It contains
// everything that can change a committed byte, and nothing else:
//
//   - The services are as they run during the bootstrap, in the default flavor. The other flavors are left out: they
//     run from the same snapshot.
//   - What only waits or checks is left out: ready, timeouts, the grace period of a stop. A bootstrap that fails
//     because of one of them makes no snapshot.
//   - What only a start uses is left out: start, url and env.
//   - portable is left out: it says of the rest what is so anyway.
//   - Secrets, labels and where logs go are left out: no committed byte comes from them. The content of a config counts.
//   - Where a build context or the source comes from is left out. The digests of the contexts are in the key instead,
//     so that the same files make the same snapshot wherever they are. Hence it contains no path of this machine.
func (s *Stack) Canonical() ([]byte, error) {
	return s.canonical(s.Services, s.Bootstrap)
}

// CanonicalPart is Canonical of some of the services and the first steps of the bootstrap, for the key of a checkpoint.
func (s *Stack) CanonicalPart(services []string, steps int) ([]byte, error) {
	part := slices.DeleteFunc(slices.Clone(s.Services), func(svc Service) bool { return !slices.Contains(services, svc.Name) })
	return s.canonical(part, s.Bootstrap[:steps])
}

func (s *Stack) canonical(services []Service, steps []Step) ([]byte, error) {
	c := canonicalStack{Format: canonicalFormat, Name: s.Name}
	for _, svc := range services {
		service, err := s.canonicalOf(svc.With(DefaultFlavor))
		if err != nil {
			return nil, err
		}
		c.Services = append(c.Services, service)
	}
	slices.SortFunc(c.Services, func(a, b canonicalService) int { return cmp.Compare(a.Name, b.Name) })
	for _, step := range steps {
		c.Bootstrap = append(c.Bootstrap, canonicalStep{
			step.Service, step.Command, step.Exec, step.Entrypoint, step.User, step.WorkingDir, step.Environment, step.Checkpoint,
		})
	}
	return json.Marshal(c)
}

func (s *Stack) canonicalOf(svc Service) (canonicalService, error) {
	c := canonicalService{
		Name: svc.Name, Image: svc.Image,
		Entrypoint: svc.Entrypoint, Command: svc.Command, Environment: svc.Environment,
		User: svc.User, WorkingDir: svc.WorkingDir, Hostname: svc.Hostname,
		DependsOn: svc.DependsOn, Aliases: slices.Sorted(slices.Values(svc.Aliases)), Tmpfs: svc.Tmpfs,
		StopSignal: svc.StopSignal, MemLimit: svc.MemLimit, ShmSize: svc.ShmSize,
		Init: svc.Init, Ulimits: svc.Ulimits, Snapshot: svc.Snapshot, OneShot: svc.OneShot,
		Mounts: canonicalMounts(svc.Mounts), Settings: svc.Settings,
	}
	c.Settings.Labels, c.Settings.LogDriver, c.Settings.LogOptions = nil, "", nil
	if b := svc.Build; b != nil {
		c.Build = &canonicalBuild{
			Dockerfile: dockerfileName(b.Dockerfile), DockerfileInline: b.DockerfileInline,
			Target: b.Target, Args: b.Args,
			AdditionalContexts: slices.Sorted(maps.Keys(b.AdditionalContexts)),
			ExtraHosts:         b.ExtraHosts, Network: b.Network, ShmSize: b.ShmSize, Ulimits: b.Ulimits,
			Labels: b.Labels, Entitlements: b.Entitlements,
		}
	}
	for _, f := range svc.Files {
		file := canonicalFile{Target: f.Target, UID: f.UID, GID: f.GID, Mode: f.Mode}
		if !f.Secret {
			content, err := s.Content(f.Source)
			if err != nil {
				return c, fmt.Errorf("config %s of service %s: %w", f.Name, svc.Name, err)
			}
			file.Content = digest.FromBytes(content)
		}
		c.Files = append(c.Files, file)
	}
	return c, nil
}

// canonicalMounts leaves out where the content comes from: what a context contains is in the key by its digest.
func canonicalMounts(mounts []Mount) []Mount {
	out := slices.Clone(mounts)
	for i := range out {
		if out[i].Source != "" {
			out[i].Source = "."
		}
	}
	return out
}

// dockerfileName is the path within the context, which says what in a context is the Dockerfile; of one that is
// outside, the content is in the key.
func dockerfileName(name string) string {
	name = filepath.ToSlash(name)
	if path.IsAbs(name) || strings.HasPrefix(path.Clean(name), "../") {
		return path.Base(name)
	}
	return name
}

// Hash returns the digest of what Canonical contains of one of the stack's services: when it changes, so does the key
// of the stack's snapshots.
func (s *Stack) Hash(svc Service) (string, error) {
	c, err := s.canonicalOf(svc.With(DefaultFlavor))
	if err != nil {
		return "", err
	}
	b, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	return digest.FromBytes(b).Encoded(), nil
}
