//go:build !linux

package owner

import (
	"os"
	"strconv"

	"github.com/shirou/gopsutil/v4/process"
)

func hostID() string {
	name, _ := os.Hostname()
	return name
}

// bootID is empty: without one, a process is distinguished from later ones with its identifier by its start alone.
func bootID() string { return "" }

// startTime returns when the process started, in milliseconds since the epoch; empty if it cannot be seen.
func startTime(pid int) string {
	p, err := process.NewProcess(int32(pid))
	if err != nil {
		return ""
	}
	created, err := p.CreateTime()
	if err != nil {
		return ""
	}
	return strconv.FormatInt(created, 10)
}

// running reports whether the process exists. If that cannot be found out, it counts as running: os.Process.Signal, for
// example, fails on Windows for every process, whether it is running or not.
func running(pid int) bool {
	exists, err := process.PidExists(int32(pid))
	return err != nil || exists
}
