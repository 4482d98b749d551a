//go:build unix

package contexts

import (
	"os/exec"
	"syscall"
)

// detach puts git into a session of its own: there is no terminal on which to ask for a password, and its helpers end
// with it.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
