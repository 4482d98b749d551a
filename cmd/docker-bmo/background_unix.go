//go:build !windows

package main

import (
	"os/exec"
	"syscall"
)

// inBackground makes a command, before it is started, one that neither a terminal's signals nor its end reach.
func inBackground(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
