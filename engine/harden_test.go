package engine

import (
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/stack"
)

// TestR17Hardened: containers have less than docker gives them, and what the stack says of the same loosens it.
func TestR17Hardened(t *testing.T) {
	unlimited := int64(-1)
	limit := int64(PidsLimit)
	seven := int64(7)
	nnp := []string{"no-new-privileges:true"}
	for _, c := range []struct {
		name      string
		settings  stack.Settings
		drop, opt []string
		pids      *int64
	}{
		{"by default", stack.Settings{}, dropped, nnp, &limit},
		{"a capability is added", stack.Settings{CapAdd: []string{"cap_net_raw"}}, []string{"AUDIT_WRITE", "MKNOD"}, nnp, &limit},
		{"all are added", stack.Settings{CapAdd: []string{"ALL"}}, nil, nnp, &limit},
		{"all are dropped", stack.Settings{CapDrop: []string{"ALL"}}, []string{"ALL"}, nnp, &limit},
		{"one is dropped", stack.Settings{CapDrop: []string{"CAP_MKNOD", "KILL"}}, []string{"CAP_MKNOD", "KILL", "AUDIT_WRITE", "NET_RAW"}, nnp, &limit},
		{"new privileges", stack.Settings{SecurityOptions: []string{"no-new-privileges:false"}}, dropped, []string{"no-new-privileges:false"}, &limit},
		{"another option", stack.Settings{SecurityOptions: []string{"seccomp=unconfined"}}, dropped, []string{"seccomp=unconfined", "no-new-privileges:true"}, &limit},
		{"a limit", stack.Settings{PidsLimit: 7}, dropped, nnp, &seven},
		{"no limit", stack.Settings{PidsLimit: -1}, dropped, nnp, &unlimited},
		{"privileged", stack.Settings{Privileged: true}, nil, nil, &limit},
	} {
		t.Run(c.name, func(t *testing.T) {
			host := &container.HostConfig{}
			applySettings(c.settings, &container.Config{}, host, &network.EndpointSettings{})
			assert.DeepEqual(t, []string(host.CapDrop), c.drop)
			assert.DeepEqual(t, host.SecurityOpt, c.opt)
			assert.DeepEqual(t, host.PidsLimit, c.pids)
		})
	}
}
