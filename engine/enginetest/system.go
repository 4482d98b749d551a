package enginetest

import (
	"cmp"
	"net/http"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/system"
)

// About is what the engine reports about itself.
type About struct {
	Version, APIVersion string
	OSType, Driver      string
	DriverStatus        [][2]string
	// Arch is amd64 if it is empty.
	Arch string
	// Info, if not nil, changes what the engine says of itself beyond that.
	Info func(*system.Info)
}

// Modern is an engine with all features.
var Modern = About{Version: "28.5.2", APIVersion: "1.51", OSType: "linux", Driver: "overlay2"}

// SetAbout sets what the engine reports about itself.
func (f *Fake) SetAbout(a About) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.about = a
}

func (f *Fake) self() About {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.about
}

func (f *Fake) ping(w http.ResponseWriter, _ *http.Request) (any, error) {
	a := f.self()
	w.Header().Set("Api-Version", a.APIVersion)
	w.Header().Set("Ostype", a.OSType)
	return "OK", nil
}

func (f *Fake) version(http.ResponseWriter, *http.Request) (any, error) {
	a := f.self()
	return types.Version{
		Version: a.Version, APIVersion: a.APIVersion, MinAPIVersion: "1.24", Os: a.OSType, Arch: cmp.Or(a.Arch, "amd64"),
	}, nil
}

func (f *Fake) info(http.ResponseWriter, *http.Request) (any, error) {
	a := f.self()
	info := system.Info{
		ID: "fake", ServerVersion: a.Version, OSType: a.OSType, Architecture: "x86_64", Driver: a.Driver,
		DriverStatus: a.DriverStatus, NCPU: 2, MemTotal: 8 << 30, PidsLimit: true, MemoryLimit: true, CgroupVersion: "2",
		SystemTime: f.clock().UTC().Format(time.RFC3339Nano), DockerRootDir: "/",
	}
	if a.Info != nil {
		a.Info(&info)
	}
	return info, nil
}

// diskUsage counts each layer once, as the engine does.
func (f *Fake) diskUsage(http.ResponseWriter, *http.Request) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	sizes := map[string]int64{}
	for _, i := range f.images {
		for _, l := range i.Layers {
			sizes[l.Name] = l.Size
		}
	}
	var total int64
	for _, size := range sizes {
		total += size
	}
	return map[string]any{"LayersSize": total}, nil
}

// clock returns what the engine's clock shows.
func (f *Fake) clock() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now()
}

// SetMemory says how much memory the engine's machine has, in bytes, how much each running container takes of it, and how
// much of that is cache.
func (f *Fake) SetMemory(total int64, used, cache uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.about.Info = func(i *system.Info) { i.MemTotal = total }
	f.memory, f.cache = used, cache
}

func (f *Fake) containerStats(_ http.ResponseWriter, r *http.Request) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.findContainer(r.PathValue("id"))
	if c == nil {
		return nil, notFound("container", r.PathValue("id"))
	}
	s := container.StatsResponse{ID: c.id}
	if c.state == running {
		s.MemoryStats = container.MemoryStats{Usage: f.memory, Stats: map[string]uint64{"inactive_file": f.cache}}
	}
	return s, nil
}
