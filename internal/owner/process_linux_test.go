package owner

import (
	"os"
	"strconv"
	"syscall"
	"testing"

	"gotest.tools/v3/assert"
)

// TestR2HiddenProcess: with /proc mounted with hidepid=2, and a process of another user, kill(2) fails with EPERM and
// nothing of it can be read.
func TestR2HiddenProcess(t *testing.T) {
	o := Current()
	o.PID = 4711
	empty := t.TempDir()
	assert.NilError(t, os.Symlink(strconv.Itoa(os.Getpid()), empty+"/self"))
	realProc, realKill := proc, kill
	t.Cleanup(func() { proc, kill = realProc, realKill })
	proc, kill = empty, func(int, syscall.Signal) error { return syscall.EPERM }
	assert.Equal(t, ofProcess(o), Alive)
	kill = func(int, syscall.Signal) error { return nil } // of the same user, and hidden all the same
	assert.Equal(t, ofProcess(o), Alive)
	kill = func(int, syscall.Signal) error { return syscall.EINVAL }
	assert.Equal(t, ofProcess(o), Alive)
	kill = func(int, syscall.Signal) error { return syscall.ESRCH }
	assert.Equal(t, ofProcess(o), Gone)
}

// TestR2ForeignProc: a /proc that was mounted into a container shows other processes than kill(2) knows.
func TestR2ForeignProc(t *testing.T) {
	realProc := proc
	t.Cleanup(func() { proc = realProc })
	proc = t.TempDir()
	assert.Equal(t, space(), "")
	assert.NilError(t, os.Symlink("1", proc+"/self"))
	assert.Equal(t, space(), "")
	o := Current()
	o.Start = "1"
	assert.Equal(t, View{}.Look(t.Context(), o), Unknown)
}

// TestR1BootOfTheMachine: one name, and even one identifier, does not make two machines one.
func TestR1BootOfTheMachine(t *testing.T) {
	assert.Assert(t, bootOf("m", "1") != bootOf("m", "2"))
	assert.Assert(t, bootOf("m", "1") != bootOf("n", "1"))
	assert.Equal(t, bootOf("m", ""), "")
	assert.Assert(t, Current().Boot != "")
}
