//go:build !windows

package main

import (
	"context"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
)

// TestR3SecondInterruptKillsTheInstance: an interrupt while instances are stopped gracefully forces it.
func TestR3SecondInterruptKillsTheInstance(t *testing.T) {
	d := newDocker(t)
	deaf := make(chan struct{})
	c, inst := running(t, d, func(p *enginetest.Proc) int {
		p.Print("deaf")
		<-deaf
		return 0
	})
	t.Cleanup(func() { close(deaf) })
	came := make(chan os.Signal, 2)
	ctx := context.WithValue(t.Context(), arrivedKey{}, (<-chan os.Signal)(came))
	done := make(chan error, 1)
	go func() { done <- removeOrForce(ctx, c, []*bmo.Instance{inst}, bmo.StopOptions{Grace: time.Hour}) }()
	soon(t, func() bool { return d.Count("POST", "/containers/.*/stop") > 0 })
	came <- os.Interrupt
	assert.NilError(t, <-done)
	assert.Assert(t, !strings.Contains(strings.Join(d.Objects(), " "), "container"))
}

// TestR3FirstInterruptForcesNothing: it ends the context a moment before it can be had.
func TestR3FirstInterruptForcesNothing(t *testing.T) {
	d := newDocker(t)
	end := make(chan struct{})
	c, inst := running(t, d, func(p *enginetest.Proc) int {
		p.Signal()
		<-end
		return 0
	})
	var early atomic.Int32
	d.Before("DELETE", "/containers/"+inst.Services["web"], func(*http.Request) {
		select {
		case <-end:
		default:
			early.Add(1)
		}
	})
	came := make(chan os.Signal, 2)
	ctx, cancel := context.WithCancelCause(context.WithValue(t.Context(), arrivedKey{}, (<-chan os.Signal)(came)))
	cancel(interrupted{os.Interrupt})
	time.AfterFunc(20*time.Millisecond, func() { came <- os.Interrupt })
	time.AfterFunc(200*time.Millisecond, func() { close(end) })
	assert.NilError(t, removeOrForce(ctx, c, []*bmo.Instance{inst}, bmo.StopOptions{Grace: time.Hour}))
	assert.Equal(t, early.Load(), int32(0))
}
