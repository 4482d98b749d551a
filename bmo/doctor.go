package bmo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/docker/go-units"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/owner"
)

// Finding is what Doctor found about one thing.
type Finding struct {
	// Check names the thing, in a word or two.
	Check string
	// Status is "ok", "warning" for what works worse than it could, "error" for what does not work, or "unknown".
	Status string
	// Detail says what was found, and Advice what to do; without anything to do it is empty.
	Detail, Advice string
}

// Statuses of a Finding.
const (
	CheckOK      = "ok"
	CheckWarning = "warning"
	CheckFailed  = "error"
	CheckUnknown = "unknown"
)

// doctor gathers findings.
type doctor struct {
	*Client
	list []Finding
}

func (d *doctor) add(check, status, advice, format string, args ...any) {
	if status == CheckOK {
		advice = ""
	}
	d.list = append(d.list, Finding{check, status, fmt.Sprintf(format, args...), advice})
}

// fail adds an error with its hints.
func (d *doctor) fail(check string, err error) {
	d.add(check, CheckFailed, cmp.Or(strings.Join(hint.All(err), "; "), "see what the engine's own log says"), "%v", err)
}

// Doctor looks at the engine and at this machine for what docker bmo needs, and changes nothing on the engine. What it cannot find out is
// a finding, too.
func (c *Client) Doctor(ctx context.Context) []Finding {
	d := &doctor{Client: c}
	d.folders()
	d.proxies()
	info, err := c.Connect(ctx)
	if err != nil {
		d.fail("engine", err)
		return d.list
	}
	d.add("engine", CheckOK, "", "%s (API %s, %s) at %s", info.Version, info.APIVersion, info.Platform(), c.Host())
	d.place(ctx)
	d.store(info)
	d.buildKit(ctx)
	h, err := c.engine.Health(ctx)
	if err != nil {
		d.fail("engine's state", err)
		return d.list
	}
	d.machine(info, h)
	d.clock(h)
	d.networks(h)
	d.disk(ctx, h)
	d.leftovers(ctx)
	return d.list
}

// place says where the engine is, which decides how applications are reached.
func (d *doctor) place(ctx context.Context) {
	d.engine.Locate(ctx)
	self, _ := d.engine.Self(ctx)
	switch {
	case self != "":
		d.add("place", CheckOK, "", "this is container %.12s of the engine: applications are reached by their own addresses or through the Engine API", self)
	case d.engine.Local():
		d.add("place", CheckOK, "", "the engine is on this machine: applications are at %s", Loopback)
	default:
		d.add("place", CheckOK, "", "the engine is elsewhere: ports are forwarded through the Engine API while a command runs, and `run -d` says how to reach them")
	}
}

func (d *doctor) store(info Info) {
	store := "the engine's own image store"
	if info.ContainerdStore {
		store = "the containerd image store"
	}
	if info.SlowDriver() {
		d.add("storage", CheckWarning, "choose overlay2, or the containerd image store with overlayfs, in the engine's configuration",
			"driver %s, %s: it copies whole filesystems, and each commit takes seconds", info.Driver, store)
		return
	}
	d.add("storage", CheckOK, "", "driver %s, %s", info.Driver, store)
}

func (d *doctor) buildKit(ctx context.Context) {
	bk, err := d.engine.BuildKit(ctx)
	if err != nil {
		d.fail("BuildKit", err)
		return
	}
	_ = bk.Close()
	d.add("BuildKit", CheckOK, "", "reached through the engine")
}

// Less memory than this is too little for a database and an application in it, in bytes.
const littleMemory = 2 << 30

// machine looks at the machine of the engine.
func (d *doctor) machine(info Info, h engine.Health) {
	status := CheckOK
	if h.Memory < littleMemory {
		status = CheckWarning
	}
	d.add("memory", status, "the stack bmo needs 2 GB; give the engine's machine more, or start fewer instances at once",
		"%s, %d processors", units.BytesSize(float64(h.Memory)), info.CPUs)
	var missing []string
	for what, ok := range map[string]bool{"processes": h.Pids, "memory": h.Memories} {
		if !ok {
			missing = append(missing, what)
		}
	}
	switch {
	case len(missing) > 0:
		d.add("limits", CheckWarning, "turn on the cgroup controllers of the engine's kernel: pids, memory",
			"the engine cannot limit %s of containers", strings.Join(missing, " and "))
	case h.Rootless:
		d.add("limits", CheckOK, "", "cgroup v%s, rootless", h.CgroupVersion)
	default:
		d.add("limits", CheckOK, "", "cgroup v%s", h.CgroupVersion)
	}
}

// skewed is how far two clocks may be apart.
const skewed = 30 * time.Second

func (d *doctor) clock(h engine.Health) {
	if h.Skew.Abs() <= skewed+h.Unsure {
		d.add("clock", CheckOK, "", "the engine's differs by %s at most", (h.Skew.Abs() + h.Unsure).Round(time.Millisecond))
		return
	}
	ahead := "ahead of"
	if h.Skew < 0 {
		ahead = "after"
	}
	d.add("clock", CheckWarning, "let both machines set their clocks by NTP; ages of snapshots, and after which time things of others are removed, are wrong by that much",
		"the engine's is %s %s this machine's", h.Skew.Abs().Round(time.Second), ahead)
}

func (d *doctor) networks(h engine.Health) {
	status := CheckOK
	switch {
	case h.Room <= 0:
		status = CheckFailed
	case h.Room < 5:
		status = CheckWarning
	}
	from := "the engine's own pools"
	if h.Subnets.IsValid() {
		from = h.Subnets.String()
	}
	d.add("networks", status, engine.SubnetsHint, "%d, and addresses for %d more in %s: each instance takes one", h.Networks, max(h.Room, 0), from)
}

// littleDisk is how much of a disk should be free, in bytes.
const littleDisk = 5 << 30

func (d *doctor) disk(ctx context.Context, h engine.Health) {
	text := "its size is not known"
	if size, err := d.engine.LayersSize(ctx); err == nil {
		text = "images take " + units.HumanSize(float64(size))
	}
	free, err := freeSpace(h.Root)
	if !d.engine.Local() || err != nil {
		d.add("disk", CheckUnknown, "`df` on the engine's machine shows how much of "+h.Root+" is free", "%s; the engine does not say what is free", text)
		return
	}
	status := CheckOK
	if free < littleDisk {
		status = CheckWarning
	}
	d.add("disk", status, engine.SpaceHint, "%s; %s of %s are free", text, units.HumanSize(float64(free)), h.Root)
}

func (d *doctor) leftovers(ctx context.Context) {
	r, err := d.Leftovers(ctx)
	if err != nil {
		d.fail("leftovers", err)
		return
	}
	n := len(r.Containers) + len(r.Networks) + len(r.Volumes) + len(r.Deleted)
	if n == 0 {
		d.add("leftovers", CheckOK, "", "none")
		return
	}
	d.add("leftovers", CheckWarning, "the next `docker bmo build`, `run`, `stop` or `prune` removes them",
		"%d containers, %d networks, %d volumes and %d images of commands that have ended", len(r.Containers), len(r.Networks), len(r.Volumes), len(r.Deleted))
}

// folders looks at where this user's files are.
func (d *doctor) folders() {
	var none []string
	if d.stateDir == "" {
		none = append(none, "for records and locks: output is not kept")
	}
	if d.cacheDir == "" {
		none = append(none, "for the cache: every file is read again at each build")
	}
	if len(none) > 0 {
		d.add("folders", CheckWarning, "set HOME, or XDG_STATE_HOME and XDG_CACHE_HOME, to folders that are yours alone",
			"no folder %s", strings.Join(none, ", and none "))
		return
	}
	_, err := owner.Hold(d.locks())
	if err := cmp.Or(err, takes(d.stateDir)); err != nil {
		d.add("folders", CheckWarning, "make the folder writable, or name another one by XDG_STATE_HOME", "%v", err)
		return
	}
	if err := takes(d.cacheDir); err != nil {
		d.add("folders", CheckWarning, "make the folder writable, or name another one by XDG_CACHE_HOME", "%v", err)
		return
	}
	d.add("folders", CheckOK, "", "%s, %s", d.stateDir, d.cacheDir)
}

// takes returns an error for a folder in which nothing can be written.
func takes(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "doctor")
	if err != nil {
		return err
	}
	_, err = f.Write(make([]byte, 64<<10)) // an empty file has a place on a full disk, too
	return errors.Join(err, f.Close(), os.Remove(f.Name()))
}

// proxies looks at the proxies of this machine, which programs use for an instance's address unless they are told not to.
func (d *doctor) proxies() {
	var set []string
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"} {
		if os.Getenv(name) != "" {
			set = append(set, name)
		}
	}
	are := strings.Join(set, ", ") + map[bool]string{true: " are", false: " is"}[len(set) > 1]
	direct := os.Getenv("NO_PROXY") + "," + os.Getenv("no_proxy")
	switch {
	case len(set) == 0:
		d.add("proxies", CheckOK, "", "none in the environment; builds get %s of docker's configuration", count(len(d.Client.proxies), "variable"))
	case !strings.Contains(direct, Loopback) && !strings.Contains(direct, "localhost") && !strings.Contains(direct, "*"):
		d.add("proxies", CheckWarning, "add "+Loopback+" and localhost to NO_PROXY", "%s set, and test commands may send requests for an instance there", are)
	default:
		d.add("proxies", CheckOK, "", "%s set, and not used for %s", are, Loopback)
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// errNoSpaceKnown is what freeSpace returns where the system does not say.
var errNoSpaceKnown = errors.New("not known")
