//go:build !windows

package main

import (
	"os"
	"runtime"
	"syscall"
	"time"

	"github.com/shirou/gopsutil/v4/process"
	"golang.org/x/sys/unix"
)

// terminate asks a process to end.
const terminate = syscall.SIGTERM

// onTerminal reports whether this process is in the foreground of a terminal, where what is typed goes to all of its
// process group.
func onTerminal() bool {
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	defer tty.Close()
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// start starts the command.
func (g *commandGroup) start() error {
	// The kernel ends the command when the thread that has started it does, if that is asked for.
	runtime.LockOSThread()
	g.SysProcAttr = dieWithParent(&syscall.SysProcAttr{Setpgid: g.own})
	return g.Start()
}

// pass passes a signal on. What the terminal sends, and that is all but a termination, has reached the command already.
func (g *commandGroup) pass(sig os.Signal) {
	switch {
	case g.Process == nil:
	case g.own:
		_ = syscall.Kill(-g.Process.Pid, sig.(syscall.Signal))
	case sig == terminate:
		_ = g.Process.Signal(sig)
	}
}

// kill kills the command and what it has started. What has left the process group is not known here.
func (g *commandGroup) kill() {
	switch {
	case g.Process == nil:
	case g.own:
		_ = syscall.Kill(-g.Process.Pid, syscall.SIGKILL)
	default:
		for _, pid := range g.members() {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// members are the processes of our group that are the command's: those that are neither ours nor were there before it, as
// the other programs of a pipe are.
func (g *commandGroup) members() (list []int) {
	all, err := process.Processes()
	if err != nil {
		return []int{g.Process.Pid}
	}
	for _, p := range all {
		pid := int(p.Pid)
		group, err := unix.Getpgid(pid)
		if err != nil || group != unix.Getpgrp() || pid == os.Getpid() {
			continue
		}
		parent, err := p.Ppid()
		ours := err == nil && int(parent) == os.Getpid() && pid != g.Process.Pid
		// The system's clock for it is coarse.
		made, err := p.CreateTime()
		if !ours && err == nil && made >= g.began.Add(-20*time.Millisecond).UnixMilli() {
			list = append(list, pid)
		}
	}
	return list
}
