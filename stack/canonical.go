package stack

import (
	"cmp"
	"encoding/json"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	digest "github.com/opencontainers/go-digest"
)

// canonicalFormat changes when the meaning of the fields below does, so that snapshots made with an older meaning do
// not count as the same.
const canonicalFormat = 1

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
}

type canonicalBuild struct {
	Dockerfile         string            `json:"dockerfile"`
	DockerfileInline   string            `json:"dockerfile_inline"`
	Target             string            `json:"target"`
	Args               map[string]string `json:"args"`
	AdditionalContexts []string          `json:"additional_contexts"`
}

type canonicalStep struct {
	Service     string            `json:"service"`
	Command     []string          `json:"command"`
	Environment map[string]string `json:"environment"`
}

// Canonical returns the stack as JSON that is the same for the same stack, for the key of its snapshots. It contains
// everything that can change a committed byte, and nothing else:
//
//   - The services are as they run during the bootstrap, in the default flavor. The other flavors are left out: they
//     run from the same snapshot.
//   - What only waits or checks is left out: ready, timeouts, the grace period of a stop. A bootstrap that fails
//     because of one of them makes no snapshot.
//   - What only a start uses is left out: url and env.
//   - Where a build context or the source comes from is left out. The digests of the contexts are in the key instead,
//     so that the same files make the same snapshot wherever they are. Hence it contains no path of this machine.
func (s *Stack) Canonical() ([]byte, error) {
	c := canonicalStack{Format: canonicalFormat, Name: s.Name}
	for _, svc := range s.Services {
		c.Services = append(c.Services, canonicalOf(svc.With(DefaultFlavor)))
	}
	slices.SortFunc(c.Services, func(a, b canonicalService) int { return cmp.Compare(a.Name, b.Name) })
	for _, step := range s.Bootstrap {
		c.Bootstrap = append(c.Bootstrap, canonicalStep{step.Service, step.Command, step.Environment})
	}
	return json.Marshal(c)
}

func canonicalOf(s Service) canonicalService {
	c := canonicalService{
		Name: s.Name, Image: s.Image,
		Entrypoint: s.Entrypoint, Command: s.Command, Environment: s.Environment,
		User: s.User, WorkingDir: s.WorkingDir, Hostname: s.Hostname,
		DependsOn: s.DependsOn, Aliases: slices.Sorted(slices.Values(s.Aliases)), Tmpfs: s.Tmpfs,
		StopSignal: s.StopSignal, MemLimit: s.MemLimit, ShmSize: s.ShmSize,
		Init: s.Init, Ulimits: s.Ulimits, Snapshot: s.Snapshot,
	}
	if b := s.Build; b != nil {
		c.Build = &canonicalBuild{
			Dockerfile: dockerfileName(b.Dockerfile), DockerfileInline: b.DockerfileInline,
			Target: b.Target, Args: b.Args,
			AdditionalContexts: slices.Sorted(maps.Keys(b.AdditionalContexts)),
		}
	}
	return c
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

// Hash returns the digest of what Canonical contains of a service: when it changes, so does the key of the stack's
// snapshots.
func (s Service) Hash() (string, error) {
	b, err := json.Marshal(canonicalOf(s.With(DefaultFlavor)))
	if err != nil {
		return "", err
	}
	return digest.FromBytes(b).Encoded(), nil
}
