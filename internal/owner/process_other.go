//go:build !linux

package owner

import (
	"os"
	"syscall"
)

func hostID() string {
	name, _ := os.Hostname()
	return name
}

func bootID() string { return "" }

func startTime(int) string { return "" }

// running asks the system for the process; on Windows finding it is all there is to ask.
func running(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	err = p.Signal(syscall.Signal(0))
	return err == nil || os.IsPermission(err)
}
