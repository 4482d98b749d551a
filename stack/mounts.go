package stack

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/paths"
	"github.com/compose-spec/compose-go/v2/types"
)

// mounts reads the volumes of a service, those on tmpfs among them.
func (l *loading) mounts(s *Service, at string, cfg types.ServiceConfig) {
	for i, v := range cfg.Volumes {
		place := fmt.Sprintf("%s.volumes[%d]", at, i)
		if !path.IsAbs(v.Target) {
			l.problems.add(place, fmt.Sprintf("%q is not an absolute path in the container", v.Target), "")
			continue
		}
		v.Target = path.Clean(v.Target)
		switch v.Type {
		case types.VolumeTypeVolume:
			l.volume(s, place, v)
		case types.VolumeTypeBind:
			l.bind(s, place, v)
		case types.VolumeTypeTmpfs:
			s.Tmpfs = append(s.Tmpfs, tmpfs(v.Target, v.Tmpfs))
		default:
			l.problems.add(place, "type "+v.Type+" is not supported", "use a volume, or a file or folder of the project")
		}
	}
}

// tmpfs returns a mount in the words of docker's --tmpfs.
func tmpfs(target string, cfg *types.ServiceVolumeTmpfs) string {
	var options []string
	if cfg != nil && cfg.Size != 0 {
		options = append(options, fmt.Sprintf("size=%d", int64(cfg.Size)))
	}
	if cfg != nil && cfg.Mode != 0 {
		options = append(options, fmt.Sprintf("mode=%o", cfg.Mode))
	}
	if len(options) == 0 {
		return target
	}
	return target + ":" + strings.Join(options, ",")
}

func (l *loading) volume(s *Service, at string, v types.ServiceVolumeConfig) {
	m := Mount{Target: v.Target, Volume: v.Source, ReadOnly: v.ReadOnly}
	if v.Volume != nil {
		m.NoCopy, m.Subpath = v.Volume.NoCopy, v.Volume.Subpath
	}
	cfg, declared := l.project.Volumes[v.Source]
	switch {
	case v.Source != "" && !declared:
		l.problems.add(at, fmt.Sprintf("there is no volume %q", v.Source), suggest("declare it under volumes; there are", v.Source, l.project.VolumeNames()))
		return
	case cfg.DriverOpts["type"] == "tmpfs":
		s.Tmpfs = append(s.Tmpfs, tmpfsVolume(v.Target, cfg.DriverOpts["o"]))
		return
	}
	s.Mounts = append(s.Mounts, m)
}

func tmpfsVolume(target, options string) string {
	if options == "" {
		return target
	}
	return target + ":" + options
}

const sharedMemory = "/dev/shm"

const socketReason = "not supported: the engine's socket gives access to the whole machine"

// bind reads a mount of a file or folder of the project. A path of the machine is refused: what is there differs from
// one machine to the next, and is no part of a snapshot.
func (l *loading) bind(s *Service, at string, v types.ServiceVolumeConfig) {
	source := l.relative(filepath.ToSlash(paths.ExpandUser(v.Source)))
	switch {
	case isSocket(source) || isSocket(v.Target):
		l.problems.add(at, socketReason, "leave it out")
		return
	case source == "/etc/localtime" || source == "/etc/timezone":
		l.note("services.*.volumes", at, "the machine's time zone is left out; set the variable TZ for another one than the image's")
		return
	case source == sharedMemory && path.Clean(v.Target) == sharedMemory:
		// Browsers are given the machine's, since 64 MB are not enough for them.
		l.note("services.*.volumes", at, "the service has "+sharedMemory+" for itself, of at most 2 GB")
		s.ShmSize = max(s.ShmSize, 2<<30)
		return
	case path.IsAbs(source) || filepath.IsAbs(source):
		l.machinePath(s, at, source, v)
		return
	case l.tree.fsys != nil:
		if _, err := l.tree.within(source); err != nil {
			l.problems.add(at, err.Error(), "")
			return
		}
	}
	s.Mounts = append(s.Mounts, Mount{Target: v.Target, Source: path.Clean(source), ReadOnly: v.ReadOnly})
}

// machinePath refuses what is on this machine: it differs from one machine to the next, and may be private. Where there
// is nothing, Compose makes an empty folder, and here there is an empty one in the snapshot.
func (l *loading) machinePath(s *Service, at, source string, v types.ServiceVolumeConfig) {
	if _, err := os.Lstat(filepath.FromSlash(source)); !errors.Is(err, fs.ErrNotExist) {
		l.problems.add(at, fmt.Sprintf("%s is a path of the machine, which is not supported", source), projectFolder)
		return
	}
	l.note("services.*.volumes", at, "a folder of the machine that does not exist begins empty")
	s.Mounts = append(s.Mounts, Mount{Target: v.Target, ReadOnly: v.ReadOnly, NoCopy: true})
}

var socketPattern = regexp.MustCompile(`(?:^|/)(?:docker|containerd|podman)\.sock$`)

func isSocket(name string) bool { return socketPattern.MatchString(name) }

// shareVolumes finds the volumes that have to be the engine's own: those that are mounted more than once, and those of a
// container whose filesystem is read-only.
func (l *loading) shareVolumes() {
	l.volumesFrom()
	uses := map[string]int{}
	for _, s := range l.stack.Services {
		for _, m := range s.Mounts {
			if m.Volume != "" {
				uses[m.Volume]++
			}
		}
	}
	for i := range l.stack.Services {
		s := &l.stack.Services[i]
		for j := range s.Mounts {
			m := &s.Mounts[j]
			if m.Source != "" {
				continue
			}
			m.Shared = uses[m.Volume] > 1 || s.Settings.ReadOnly || m.Subpath != "" || uses[m.Volume] == 1 && s.OneShot
			if m.Shared && m.Volume == "" {
				m.Volume = s.Name + strings.ReplaceAll(m.Target, "/", "_")
			}
		}
	}
}

// volumesFrom gives services the mounts of those whose volumes they take.
func (l *loading) volumesFrom() {
	for i := range l.stack.Services {
		s := &l.stack.Services[i]
		for j, from := range l.project.Services[s.Name].VolumesFrom {
			at := fmt.Sprintf("services.%s.volumes_from[%d]", s.Name, j)
			name, mode, _ := strings.Cut(from, ":")
			k := slices.IndexFunc(l.stack.Services, func(o Service) bool { return o.Name == name })
			if k < 0 {
				l.problems.add(at, fmt.Sprintf("there is no service %q", name), "name a service of the stack")
				continue
			}
			l.takeMounts(s, &l.stack.Services[k], mode == "ro")
		}
	}
}

func (l *loading) takeMounts(s, from *Service, readOnly bool) {
	for i := range from.Mounts {
		m := &from.Mounts[i]
		if m.Source == "" && m.Volume == "" {
			m.Volume = from.Name + strings.ReplaceAll(m.Target, "/", "_")
		}
		if slices.ContainsFunc(s.Mounts, func(own Mount) bool { return own.Target == m.Target }) {
			continue
		}
		taken := *m
		taken.ReadOnly = taken.ReadOnly || readOnly
		s.Mounts = append(s.Mounts, taken)
	}
}
