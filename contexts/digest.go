package contexts

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/opencontainers/go-digest"
)

// digestVersion is the first line of the encoding. A different encoding needs a different line, so that no digest can
// mean two things.
const digestVersion = "docker-bmo tree v1\n"

// digestOf hashes the canonical encoding described in the package documentation.
func digestOf(entries []entry) digest.Digest {
	h := sha256.New()
	h.Write([]byte(digestVersion))
	var buf []byte
	for _, e := range entries {
		buf = append(buf[:0], byte(e.kind))
		buf = appendString(buf, e.path)
		switch e.kind {
		case kindFile, kindExec:
			buf = append(buf, e.sum[:]...)
		case kindLink:
			buf = appendString(buf, e.target)
		}
		h.Write(buf)
	}
	return digest.NewDigest(digest.SHA256, h)
}

func appendString(buf []byte, s string) []byte {
	return append(binary.AppendUvarint(buf, uint64(len(s))), s...)
}

// epoch is the time of folders and links, and the earliest time of a file. npm packs its archives with the same one.
var epoch = time.Date(1985, time.October, 26, 8, 15, 0, 0, time.UTC)

// modTime derives a file's time from its content: seconds too, for programs that make an ETag from them or write an
// archive that has no smaller unit.
func modTime(sum [sha256.Size]byte) time.Time {
	seconds := binary.BigEndian.Uint32(sum[:4]) >> 3 // up to 17 years
	nanos := binary.BigEndian.Uint32(sum[4:8]) % 1e9
	return epoch.Add(time.Duration(seconds)*time.Second + time.Duration(nanos))
}
