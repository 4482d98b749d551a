package kube

import (
	"context"
	"errors"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/progress"
)

// abandonTime limits how long is spent on removing what a start that has failed has made.
const abandonTime = time.Minute

// abandon removes what has been made so far, even if the caller's context is done, and nothing that is somebody else's: an
// instance of the same name may be there.
func (s *start) abandon(ctx context.Context, err error) error {
	if !s.asked {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abandonTime)
	defer cancel()
	left := s.Progress.Step(ctx, "remove "+s.Name, func(ctx context.Context, _ *progress.Log) error {
		if s.job != nil {
			return s.c.Remove(ctx, s.Name, 0)
		}
		return s.removeOwn(ctx)
	})
	return errors.Join(err, left)
}

// removeOwn removes what this start has made without having been told so.
func (s *start) removeOwn(ctx context.Context) error {
	own := func(of metav1.ObjectMeta) bool {
		return of.Annotations[label.Created] == s.facts()[label.Created] && of.Annotations[label.Owner] == s.Owner
	}
	jobs, err := s.c.api.jobs().List(ctx, metav1.ListOptions{LabelSelector: selectorOf(s.Name)})
	if err != nil {
		return s.c.explain(err, "list", "jobs.batch")
	}
	if slices.ContainsFunc(jobs.Items, func(j batchv1.Job) bool { return own(j.ObjectMeta) }) {
		return s.c.Remove(ctx, s.Name, 0)
	}
	if !s.Detach {
		return nil
	}
	services, err := s.c.api.services().List(ctx, metav1.ListOptions{LabelSelector: selectorOf(s.Name)})
	if err != nil {
		return s.c.explain(err, "list", "services")
	}
	if slices.ContainsFunc(services.Items, func(v corev1.Service) bool { return own(v.ObjectMeta) }) {
		return s.c.explain(ignoreGone(s.c.api.services().Delete(ctx, objectName(s.Name), metav1.DeleteOptions{})), "delete", "services")
	}
	return nil
}
