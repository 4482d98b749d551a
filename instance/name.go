package instance

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// CheckName returns an error for a name that no instance can have. The empty name is valid: Start makes one up.
func CheckName(name string) error {
	if name == "" || validName.MatchString(name) {
		return nil
	}
	return hint.Wrap(fmt.Errorf("invalid instance name %q", name), "use letters and digits; _ . - are allowed after the first character")
}

func madeUpName(stackName string) string {
	b := make([]byte, 3)
	_, _ = rand.Read(b) // never fails, according to crypto/rand
	return stackName + "-" + hex.EncodeToString(b)
}
