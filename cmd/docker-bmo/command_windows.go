package main

import (
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"golang.org/x/sys/windows"
)

// terminate asks a process to end.
const terminate = syscall.SIGTERM

// onTerminal reports whether this process has a console, whose Ctrl-C reaches all programs on it.
func onTerminal() bool {
	kind, err := windows.GetFileType(windows.Stdin)
	return err == nil && kind == windows.FILE_TYPE_CHAR
}

// start starts the command.
func (g *commandGroup) start() error {
	if g.own {
		g.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
	}
	return g.Start()
}

// pass passes a signal on as a Ctrl-Break, the only one that a process group can be sent.
func (g *commandGroup) pass(os.Signal) {
	if g.own && g.Process != nil {
		_ = windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(g.Process.Pid))
	}
}

// kill kills the command and what it has started.
func (g *commandGroup) kill() {
	if g.Process == nil {
		return
	}
	if exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(g.Process.Pid)).Run() != nil {
		_ = g.Process.Kill()
	}
}
