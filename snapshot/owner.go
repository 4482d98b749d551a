package snapshot

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Owner names one process on one boot of one host, so that a process identifier that is used again, a reboot or
// another machine on the same engine cannot be mistaken for it.
type Owner struct {
	// Host is the host's name and, on Linux, its process namespace.
	Host string
	// Boot identifies the boot; empty where the system does not tell.
	Boot string
	// PID is the process identifier.
	PID int
	// Start is when the process started, in the system's own unit; empty where the system does not tell.
	Start string
}

// Foreign is how long objects of an owner on another host are left alone: whether it lives cannot be seen from here.
const Foreign = 24 * time.Hour

// Self is the running process.
func Self() Owner {
	pid := os.Getpid()
	return Owner{Host: hostID(), Boot: bootID(), PID: pid, Start: startTime(pid)}
}

// String is the owner as a label's value.
func (o Owner) String() string {
	return strings.Join([]string{o.Host, o.Boot, strconv.Itoa(o.PID), o.Start}, "/")
}

// ParseOwner reads a label's value.
func ParseOwner(s string) (Owner, error) {
	f := strings.Split(s, "/")
	if len(f) != 4 {
		return Owner{}, fmt.Errorf("malformed owner %q", s)
	}
	pid, err := strconv.Atoi(f[2])
	if err != nil {
		return Owner{}, fmt.Errorf("malformed owner %q: %w", s, err)
	}
	return Owner{Host: f[0], Boot: f[1], PID: pid, Start: f[3]}, nil
}

// DescribeOwner says who the owner in labels is, and since when, for people.
func DescribeOwner(labels map[string]string) string {
	o, err := ParseOwner(labels[LabelOwner])
	if err != nil {
		return "an unknown process"
	}
	text := fmt.Sprintf("process %d", o.PID)
	if o.Host != hostID() {
		host, _, _ := strings.Cut(o.Host, ":")
		text += " on " + host
	}
	if created, err := time.Parse(time.RFC3339Nano, labels[LabelCreated]); err == nil {
		text += ", at work since " + created.Local().Format(time.TimeOnly)
	}
	return text
}

// Alive tells whether the owner still runs. An owner on another host counts as alive for Foreign after created.
func (o Owner) Alive(created time.Time) bool {
	if o.Host != hostID() {
		return time.Since(created) < Foreign
	}
	if o.Boot != bootID() {
		return false
	}
	return running(o.PID) && startTime(o.PID) == o.Start
}

// Orphaned tells whether labels name an owner that is no more. Objects without an owner have no owner to lose; what
// cannot be parsed is not ours to judge.
func Orphaned(labels map[string]string) bool {
	v, ok := labels[LabelOwner]
	if !ok {
		return false
	}
	o, err := ParseOwner(v)
	if err != nil {
		return false
	}
	created, err := time.Parse(time.RFC3339Nano, labels[LabelCreated])
	if err != nil {
		created = time.Now() // an age that cannot be told is no reason to take an owner on another host for dead
	}
	return !o.Alive(created)
}

// startingSuffix marks the name of an instance's lead container until the instance is ready. Labels cannot be changed
// once a container is made; its name can, and in one step.
const startingSuffix = "-starting"

// StartingName is a container's name while its instance is starting.
func StartingName(name string) string { return name + startingSuffix }

// Starting tells whether a lead container's name says that its instance is starting.
func Starting(name string) bool { return strings.HasSuffix(name, startingSuffix) }
