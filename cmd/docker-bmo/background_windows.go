package main

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/windows"
)

// inBackground makes a command, before it is started, one that neither a console's signals nor its end reach.
func inBackground(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.DETACHED_PROCESS | windows.CREATE_NEW_PROCESS_GROUP}
}
