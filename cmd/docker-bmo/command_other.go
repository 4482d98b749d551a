//go:build !linux && !windows

package main

import "syscall"

// dieWithParent has no effect: only Linux has such a thing.
func dieWithParent(a *syscall.SysProcAttr) *syscall.SysProcAttr { return a }
