//go:build !linux

package owner

import (
	"strconv"

	"github.com/shirou/gopsutil/v4/process"
)

// space is the same for all: there is one process namespace.
func space() string { return "all" }

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
