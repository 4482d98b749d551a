package kube

import (
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"gotest.tools/v3/assert"
)

// A busy node may not even refuse: `run -d` took that for an address that is not reached from here, and returned too early.
func TestServiceThatIsSilentIsAwaited(t *testing.T) {
	fast(t)
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	assert.NilError(t, err)
	assert.NilError(t, syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	assert.NilError(t, syscall.Listen(fd, 0))
	file := os.NewFile(uintptr(fd), "silent")
	l, err := net.FileListener(file) // package net would let more of them wait
	assert.NilError(t, errors.Join(err, file.Close()))
	defer l.Close()
	address := l.Addr().String()
	// One connection more than may wait to be accepted: the kernel drops what comes after it.
	filler, err := net.Dial("tcp", address)
	assert.NilError(t, err)
	defer filler.Close()
	_, err = net.DialTimeout("tcp", address, 50*time.Millisecond)
	assert.ErrorContains(t, err, "timeout")
	opened := make(chan struct{})
	time.AfterFunc(60*time.Millisecond, func() {
		close(opened)
		for { // it accepts from now on, until it is closed
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	})
	awaitService(t.Context(), address, time.Minute)
	select {
	case <-opened:
	default:
		t.Error("it was not waited for")
	}
}
