package instance

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/stack"
)

// Alone starts one service of the snapshot, without a network and belonging to no instance, and returns its container when
// it is ready, for somebody who wants to know what the snapshot has. The caller calls remove, also after ctx has ended. What a
// killed process leaves is swept like what a bootstrap leaves.
func Alone(ctx context.Context, r Request, service stack.Service) (id string, remove func() error, err error) {
	unique := make([]byte, 6)
	_, _ = rand.Read(unique) // never fails, says crypto/rand
	g := launch.New(r.Engine)
	g.Network = engine.NoNetwork
	g.Name = func(service string) string { return "docker-bmo.alone." + hex.EncodeToString(unique) + "." + service }
	g.Image = func(service string) string { return r.Snapshot.Images[service].ID }
	g.Labels = func(service string) map[string]string {
		return map[string]string{
			label.Role: label.RoleBootstrap, label.Key: r.Snapshot.Key, label.Stack: r.Stack.Name, label.Service: service,
			label.Owner: r.Owner.String(), label.Created: r.Engine.Now().Format(time.RFC3339Nano),
		}
	}
	g.Secrets, g.Content, g.Proxies = &stack.Secrets{}, r.Stack.Content, r.Proxies
	g.Timeout, g.Journal = DefaultTimeout, r.Journal
	remove = func() error {
		if g.ID(service.Name) == "" {
			return nil
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeTimeout)
		defer cancel()
		return engine.Retry(ctx, func() error { return r.Engine.RemoveContainer(ctx, g.ID(service.Name)) })
	}
	service.DependsOn = nil
	if _, err = g.Create(ctx, service); err == nil {
		_, err = g.Start(ctx, service)
	}
	if err == nil {
		err = g.Await(ctx, service, &progress.Log{})
	}
	if err != nil {
		return "", remove, fmt.Errorf("start %s of snapshot %s alone: %w", service.Name, snapshot.Short(r.Snapshot.Key), err)
	}
	return g.ID(service.Name), remove, nil
}
