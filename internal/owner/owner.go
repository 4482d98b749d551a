// Package owner identifies the process with which an object on the engine ends, and reports whether that process still
// runs. What cannot be seen counts as running.
package owner

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/docker-bmo/docker-bmo/internal/label"
)

// Owner identifies one process on one boot of one machine, so that neither a reused process identifier nor a restart, nor
// another machine that uses the same engine, can be mistaken for it. Anything but PID may be empty: it is not known then.
type Owner struct {
	// Host is the machine's name. It is for people; nothing is decided by it, since machines share names.
	Host string
	// Machine identifies the machine for as long as it is installed, and Boot that and its last start. Both are digests.
	Machine, Boot string
	// Space is the process namespace.
	Space string
	// PID is the process identifier, and Start when the process started, in the system's own unit.
	PID   int
	Start string
	// Lock is the name of the lock that the process holds, in a folder of its user; see Hold.
	Lock string
	// Container is the container that the process runs in, if that is one of the engine that the object is on, and Since
	// when the engine started it.
	Container, Since string
}

// Foreign is how long objects are left alone after they were made when it cannot be found out whether their owner runs.
const Foreign = 24 * time.Hour

// Current returns the owner for the running process, without a lock and a container.
func Current() Owner {
	pid := os.Getpid()
	host, _ := os.Hostname()
	return Owner{Host: host, Machine: machine(), Boot: boot(), Space: space(), PID: pid, Start: startTime(pid)}
}

// prefix begins an owner's label. The format before it was HOST/BOOT/PID/START.
const prefix = "v2?"

// String returns the owner as a label's value.
func (o Owner) String() string {
	v := url.Values{}
	for key, value := range map[string]string{
		"host": o.Host, "machine": o.Machine, "boot": o.Boot, "space": o.Space, "pid": strconv.Itoa(o.PID), "start": o.Start,
		"lock": o.Lock, "container": o.Container, "since": o.Since,
	} {
		if value != "" {
			v.Set(key, value)
		}
	}
	return prefix + v.Encode()
}

// Parse parses a label's value. Of an owner in the format of releases before 0.2 it returns the host and the process
// identifier: all else of it proves nothing.
func Parse(s string) (Owner, error) {
	query, ok := strings.CutPrefix(s, prefix)
	if !ok {
		return parseOld(s)
	}
	v, err := url.ParseQuery(query)
	if err != nil {
		return Owner{}, fmt.Errorf("malformed owner %q: %w", s, err)
	}
	pid, err := strconv.Atoi(v.Get("pid"))
	if err != nil {
		return Owner{}, fmt.Errorf("malformed owner %q: %w", s, err)
	}
	return Owner{
		Host: v.Get("host"), Machine: v.Get("machine"), Boot: v.Get("boot"), Space: v.Get("space"), PID: pid,
		Start: v.Get("start"), Lock: v.Get("lock"), Container: v.Get("container"), Since: v.Get("since"),
	}, nil
}

// parseOld parses HOST/BOOT/PID/START. A host's name may have slashes in it.
func parseOld(s string) (Owner, error) {
	f := strings.Split(s, "/")
	if len(f) < 4 {
		return Owner{}, fmt.Errorf("malformed owner %q", s)
	}
	pid, err := strconv.Atoi(f[len(f)-2])
	if err != nil {
		return Owner{}, fmt.Errorf("malformed owner %q: %w", s, err)
	}
	host, _, _ := strings.Cut(strings.Join(f[:len(f)-3], "/"), ":") // without its process namespace
	return Owner{Host: host, PID: pid}, nil
}

// Describe describes for people who the owner in labels is, and since when.
func Describe(labels map[string]string) string {
	o, err := Parse(labels[label.Owner])
	if err != nil {
		return "an unknown process"
	}
	text := fmt.Sprintf("process %d", o.PID)
	switch {
	case o.Container != "":
		text += fmt.Sprintf(" in container %.12s", o.Container)
	case o.Boot == "" || o.Boot != boot():
		text += " on " + cmp.Or(o.Host, "another machine")
	}
	if created, err := time.Parse(time.RFC3339Nano, labels[label.Created]); err == nil {
		text += ", at work since " + created.Local().Format(time.TimeOnly)
	}
	return text
}

// errMalformed is no error of a user: labels are written by programs.
var errMalformed = errors.New("no owner")

// of returns the owner that labels name, and when the object was made. Without a readable time that is now: an age that is
// unknown is no reason to take anybody for gone.
func of(labels map[string]string, now time.Time) (o Owner, created time.Time, err error) {
	v, ok := labels[label.Owner]
	if !ok {
		return o, created, errMalformed
	}
	if created, err = time.Parse(time.RFC3339Nano, labels[label.Created]); err != nil {
		created = now
	}
	if o, err = Parse(v); err != nil {
		return Owner{}, created, nil // of a newer release, perhaps: nothing is known of it
	}
	return o, created, nil
}
