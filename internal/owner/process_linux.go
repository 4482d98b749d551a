package owner

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// machineID is machine-id(5), which containers often lack.
func machineID() string { return read("/etc/machine-id") }

// bootID is drawn anew whenever the kernel starts.
func bootID() string { return read("/proc/sys/kernel/random/boot_id") }

func read(file string) string {
	b, _ := os.ReadFile(file)
	return strings.TrimSpace(string(b))
}

// space returns the inode of the process namespace: two containers on one machine do not see each other's processes. It is
// empty where /proc shows those of another namespace, as one that was mounted into a container does.
func space() string {
	if self, _ := os.Readlink(proc + "/self"); self != strconv.Itoa(os.Getpid()) {
		return ""
	}
	fi, err := os.Stat("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return strconv.FormatUint(st.Ino, 10)
}

// proc is where the system shows its processes.
var proc = "/proc"

// stat returns the fields of proc(5)'s stat that follow the command; nil if they cannot be seen, as with the mount option
// hidepid.
func stat(pid int) []string {
	b, err := os.ReadFile(fmt.Sprintf("%s/%d/stat", proc, pid))
	if err != nil {
		return nil
	}
	// The second field is the command in parentheses and may contain anything, so count from the last parenthesis.
	return strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
}

// startTime returns field 22: clock ticks since boot.
func startTime(pid int) string {
	if f := stat(pid); len(f) >= 20 {
		return f[19]
	}
	return ""
}

// running reports whether the process exists and is not a zombie. Only the kernel's word that there is none proves that;
// one that belongs to somebody else, and is hidden, runs.
func running(pid int) bool {
	if kill(pid, 0) == syscall.ESRCH { //nolint:errorlint // a number of the kernel
		return false
	}
	f := stat(pid)
	return len(f) == 0 || f[0] != "Z"
}

// kill is the system's own, but for tests.
var kill = syscall.Kill
