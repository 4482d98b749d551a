package main

import "syscall"

// dieWithParent makes a process end when this one is killed, which then cannot do it.
func dieWithParent(a *syscall.SysProcAttr) *syscall.SysProcAttr {
	a.Pdeathsig = syscall.SIGKILL
	return a
}
