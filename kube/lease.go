package kube

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// An instance that lives with its process is a Job with a deadline, which that process moves on. Of a Job past its deadline
// the cluster's own controller removes the Pod; another one removes the Job keptFor seconds later, and with it the rest.
const (
	leaseTime  = time.Minute
	renewEvery = 10 * time.Second
)

// keptFor is for how many seconds a Job stays after its end, with what can be asked of it.
const keptFor int32 = 30

// lease is the deadline of a Job that was created at a time.
type lease struct {
	name    string
	created time.Time
}

// seconds returns when the Job ends, in seconds after its creation. While a machine sleeps, one of its clocks may stand
// still, and the other one may be set: the later one counts.
func (l lease) seconds(now time.Time) int64 {
	age := max(now.Sub(l.created), now.Round(0).Sub(l.created.Round(0)))
	return int64((age + leaseTime).Seconds())
}

// renew moves the deadline on until ctx ends, or the Job is gone. A request that fails is made again at the next turn.
func (c *Cluster) renew(ctx context.Context, l lease) {
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			patch := fmt.Sprintf(`{"spec":{"activeDeadlineSeconds":%d}}`, l.seconds(now))
			limited, cancel := context.WithTimeout(ctx, renewEvery)
			_, err := c.api.jobs().Patch(limited, l.name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
			cancel()
			if apierrors.IsNotFound(err) {
				return
			}
		}
	}
}
