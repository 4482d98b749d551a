package owner

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync"
)

// machine identifies this machine, and boot this machine since it was started; empty if the system does not say.
var (
	machine = sync.OnceValue(func() string { return digest("machine", machineID()) })
	boot    = sync.OnceValue(func() string { return bootOf(machineID(), bootID()) })
)

// bootOf needs the boot: a machine's identifier is copied together with the machine.
func bootOf(machine, boot string) string {
	if boot == "" {
		return ""
	}
	return digest("boot", machine, boot)
}

// digest makes a short text of identifiers that are to be shown to nobody. It is empty if the last one is.
func digest(words ...string) string {
	if words[len(words)-1] == "" {
		return ""
	}
	sum := sha256.Sum256([]byte("docker bmo owner\n" + strings.Join(words, "\n")))
	return hex.EncodeToString(sum[:8])
}
