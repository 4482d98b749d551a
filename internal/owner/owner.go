// Package owner identifies the process with which an object on the engine ends, and reports whether that process still
// runs.
package owner

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/docker-bmo/docker-bmo/internal/label"
)

// Owner identifies one process on one boot of one host, so that a reused process identifier, a reboot or another
// machine that uses the same engine cannot be mistaken for it.
type Owner struct {
	// Host is the host's name and, on Linux, its process namespace.
	Host string
	// Boot identifies the boot; empty if the system does not provide it.
	Boot string
	// PID is the process identifier.
	PID int
	// Start is when the process started, in the system's own unit; empty if the system does not provide it.
	Start string
}

// Foreign is how long objects of an owner on another host are left alone: whether it is alive cannot be seen from here.
const Foreign = 24 * time.Hour

// Current returns the owner for the running process.
func Current() Owner {
	pid := os.Getpid()
	return Owner{Host: hostID(), Boot: bootID(), PID: pid, Start: startTime(pid)}
}

// String returns the owner as a label's value.
func (o Owner) String() string {
	return strings.Join([]string{o.Host, o.Boot, strconv.Itoa(o.PID), o.Start}, "/")
}

// Parse parses a label's value.
func Parse(s string) (Owner, error) {
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

// Describe describes for people who the owner in labels is, and since when.
func Describe(labels map[string]string) string {
	o, err := Parse(labels[label.Owner])
	if err != nil {
		return "an unknown process"
	}
	text := fmt.Sprintf("process %d", o.PID)
	if o.Host != hostID() {
		host, _, _ := strings.Cut(o.Host, ":")
		text += " on " + host
	}
	if created, err := time.Parse(time.RFC3339Nano, labels[label.Created]); err == nil {
		text += ", at work since " + created.Local().Format(time.TimeOnly)
	}
	return text
}

// Alive reports whether the owner still runs. An owner on another host counts as alive for Foreign after created.
func (o Owner) Alive(created time.Time) bool {
	if o.Host != hostID() {
		return time.Since(created) < Foreign
	}
	if o.Boot != bootID() {
		return false
	}
	if !running(o.PID) {
		return false
	}
	start := startTime(o.PID)
	return start == o.Start || start == "" // if it cannot be seen, the owner counts as alive
}

// Orphaned reports whether the owner named in labels is gone. Objects without an owner are not orphaned, and neither
// are those whose owner cannot be parsed, about which nothing is known.
func Orphaned(labels map[string]string) bool {
	v, ok := labels[label.Owner]
	if !ok {
		return false
	}
	o, err := Parse(v)
	if err != nil {
		return false
	}
	created, err := time.Parse(time.RFC3339Nano, labels[label.Created])
	if err != nil {
		created = time.Now() // an age that is unknown is no reason to take an owner on another host for dead
	}
	return !o.Alive(created)
}
