package kube

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// maxName is how long an instance's name may be: with what is put before it, it is that of a Service.
const maxName = 52

// CheckName returns an error for a name that no instance on a cluster can have. The empty one stands for one made up.
func CheckName(name string) error {
	if name == "" || len(name) <= maxName && len(validation.IsDNS1123Label(name)) == 0 {
		return nil
	}
	return hint.Wrap(fmt.Errorf("invalid instance name %q for Kubernetes", name),
		fmt.Sprintf("use small letters and digits, and - in between, at most %d characters", maxName))
}

// madeUpName returns a name that begins with the stack's.
func madeUpName(stackName string) string {
	b := make([]byte, 3)
	_, _ = rand.Read(b) // never fails, says crypto/rand
	base := containerName(stackName)
	base = strings.TrimRight(base[:min(len(base), maxName-7)], "-")
	return strings.TrimPrefix(base+"-"+hex.EncodeToString(b), "-")
}
