//go:build unix

package contexts

import "syscall"

func mkfifo(at string) error { return syscall.Mkfifo(at, 0o666) }

func umask(mask int) int { return syscall.Umask(mask) }
