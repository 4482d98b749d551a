package contexts

import (
	"crypto/sha256"
	"encoding/binary"
	"io/fs"

	"github.com/opencontainers/go-digest"
)

// digestVersion is the first line of the encoding. A different encoding needs a different line, so that no digest can
// mean two things.
const digestVersion = "docker-bmo tree v2\n"

// digestOf hashes the canonical encoding described in the package documentation.
func digestOf(entries []entry) digest.Digest {
	h := sha256.New()
	h.Write([]byte(digestVersion))
	var buf []byte
	for _, e := range entries {
		buf = append(buf[:0], byte(e.kind))
		buf = appendString(buf, e.path)
		if e.kind == kindLink {
			buf = appendString(buf, e.target)
		} else {
			buf = binary.AppendUvarint(buf, unixMode(e.mode))
		}
		if e.kind == kindFile {
			buf = append(buf, e.sum[:]...)
		}
		h.Write(buf)
	}
	return digest.NewDigest(digest.SHA256, h)
}

func appendString(buf []byte, s string) []byte {
	return append(binary.AppendUvarint(buf, uint64(len(s))), s...)
}

// unixMode returns a mode as chmod takes it.
func unixMode(mode fs.FileMode) uint64 {
	bits := uint64(mode.Perm())
	for bit, of := range map[uint64]fs.FileMode{0o4000: fs.ModeSetuid, 0o2000: fs.ModeSetgid, 0o1000: fs.ModeSticky} {
		if mode&of != 0 {
			bits |= bit
		}
	}
	return bits
}
