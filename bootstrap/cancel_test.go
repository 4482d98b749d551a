package bootstrap

import (
	"context"
	"regexp"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

func regexpMatch(pattern, s string) bool {
	return regexp.MustCompile("^(?:" + pattern + ")$").MatchString(s)
}

// TestCancelledAtAnyPoint: nothing is left, whenever the context ends: before or after the engine has done what it was
// asked for.
func TestCancelledAtAnyPoint(t *testing.T) {
	t.Parallel()
	enginetest.CancelAtEach(t, "/(containers|networks|commit|seal).*", 10, func() enginetest.Attempt {
		f := newFixture(t)
		var s *snapshot.Snapshot
		return enginetest.Attempt{
			Fake:   f.Fake,
			Run:    func(ctx context.Context) (err error) { s, err = Run(ctx, f.req); return err },
			Failed: func() { f.leavesNothing(t) },
			Done:   func() { assert.Assert(t, s.Complete()) },
		}
	})
}
