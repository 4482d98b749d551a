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

// bootID is empty: without one, a process is told from its successors by its start alone.
func bootID() string { return "" }

// startTime is when the process started, in milliseconds after the epoch; empty where it cannot be seen.
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

// running reports whether the process exists. What cannot be found out counts as running: os.Process.Signal, for one,
// fails on Windows for every process, living or not.
func running(pid int) bool {
	exists, err := process.PidExists(int32(pid))
	return err != nil || exists
}
