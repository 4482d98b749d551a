package engine

import (
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

func TestContainerOf(t *testing.T) {
	id := strings.Repeat("0a", 32)
	for _, c := range []struct{ name, mounts, want string }{
		{"nothing", "", ""},
		{"in a container", "28 20 0:6 / /proc rw - proc proc rw\n" +
			"692 676 254:1 /var/lib/docker/containers/" + id + "/hostname /etc/hostname rw,relatime - ext4 /dev/vda1 rw\n", id},
		{"an engine with a folder of its own", "692 676 254:1 /srv/data/containers/" + id + "/resolv.conf /etc/resolv.conf rw - ext4 /dev/vda1 rw", id},
		{"the engine's machine", "692 676 0:99 / /var/lib/docker/containers/" + id + "/mounts/shm rw - tmpfs shm rw\n" +
			"693 676 254:1 / /var/lib/docker/overlay2/x/merged rw - overlay overlay rw\n", ""},
		{"podman", "692 676 0:99 /containers/overlay-containers/" + id + "/userdata/hostname /etc/hostname rw - tmpfs tmpfs rw\n", ""},
		{"a folder of the name that was mounted", "692 676 0:99 /containers/" + id + "/hostname /mnt rw - ext4 /dev/vda1 rw\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) { assert.Equal(t, containerOf(c.mounts), c.want) })
	}
}
