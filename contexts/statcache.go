package contexts

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"
)

const (
	statCacheName  = "digests"
	statCacheMagic = "docker-bmo digests v1\n"
	// A file that was modified less than this before it was read may be modified again without a change of its times:
	// clocks of file systems are coarse.
	mtimeSlack = 2 * time.Second
	// Entries that have not been used for so many days are dropped.
	keepDays = 30
)

// identity is what changes whenever the content of a file on disk does. The change time counts, as anybody can set the
// modification time.
type identity struct {
	Dev, Ino              uint64
	Size, ModTime, ChTime int64
}

type remembered struct {
	Sum [sha256.Size]byte
	Day int32 // last use, in days since 1970
}

// A statCache remembers the digests of files on disk. It may be lost, out of date or damaged without harm: files are
// then read again. A nil one remembers nothing.
type statCache struct {
	path  string
	today int32
	mu    sync.Mutex
	files map[identity]remembered
	dirty bool
}

func openStatCache(dir string) *statCache {
	if dir == "" {
		return nil
	}
	c := &statCache{path: filepath.Join(dir, statCacheName), today: int32(time.Now().Unix() / 86400)}
	c.files = readStatCache(c.path)
	return c
}

// fill sets the digests that are known and returns the files whose digest is not.
func (c *statCache) fill(nodes []*node) (unknown []*node) {
	for _, n := range nodes {
		if n.hashed || n.kind != kindFile {
			continue
		}
		if n.sum, n.hashed = c.lookup(n.info); !n.hashed {
			unknown = append(unknown, n)
		}
	}
	return unknown
}

func (c *statCache) lookup(info fs.FileInfo) (sum [sha256.Size]byte, ok bool) {
	id, onDisk := identityOf(info)
	if c == nil || !onDisk {
		return sum, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	known, ok := c.files[id]
	if ok && known.Day != c.today {
		known.Day = c.today
		c.files[id], c.dirty = known, true
	}
	return known.Sum, ok
}

// store remembers the digest of a file that was read from the given time on.
func (c *statCache) store(info fs.FileInfo, sum [sha256.Size]byte, read time.Time) {
	id, onDisk := identityOf(info)
	if c == nil || !onDisk || max(id.ModTime, id.ChTime) > read.Add(-mtimeSlack).UnixNano() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.files[id], c.dirty = remembered{sum, c.today}, true
}

// save writes the cache, merged with what other processes wrote in the meantime. A failure only costs time later.
func (c *statCache) save() {
	if c == nil || !c.dirty {
		return
	}
	all := readStatCache(c.path)
	maps.Copy(all, c.files)
	maps.DeleteFunc(all, func(_ identity, r remembered) bool { return c.today-r.Day > keepDays })
	if os.MkdirAll(filepath.Dir(c.path), 0o700) != nil {
		return
	}
	temp, err := os.CreateTemp(filepath.Dir(c.path), statCacheName+".tmp-*")
	if err != nil {
		return
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(encodeStatCache(all))
	if temp.Close() == nil && err == nil {
		err = os.Rename(temp.Name(), c.path)
	}
	c.dirty = err != nil
}

// recordSize is five numbers of 8 bytes, the digest, and the day in 4 bytes.
const recordSize = 5*8 + sha256.Size + 4

// encodeStatCache writes the records, little-endian, and the SHA-256 of it all.
func encodeStatCache(files map[identity]remembered) []byte {
	buf := make([]byte, 0, len(statCacheMagic)+len(files)*recordSize+sha256.Size)
	buf = append(buf, statCacheMagic...)
	le := binary.LittleEndian
	for id, r := range files {
		for _, v := range [...]uint64{id.Dev, id.Ino, uint64(id.Size), uint64(id.ModTime), uint64(id.ChTime)} {
			buf = le.AppendUint64(buf, v)
		}
		buf = le.AppendUint32(append(buf, r.Sum[:]...), uint32(r.Day))
	}
	sum := sha256.Sum256(buf)
	return append(buf, sum[:]...)
}

// readStatCache returns an empty cache for a file that is not intact.
func readStatCache(path string) map[identity]remembered {
	files := map[identity]remembered{}
	data, err := os.ReadFile(path)
	if err != nil || len(data) < len(statCacheMagic)+sha256.Size {
		return files
	}
	data, stored := data[:len(data)-sha256.Size], data[len(data)-sha256.Size:]
	sum := sha256.Sum256(data)
	rest, ok := bytes.CutPrefix(data, []byte(statCacheMagic))
	if !ok || !bytes.Equal(sum[:], stored) || len(rest)%recordSize != 0 {
		return files
	}
	le := binary.LittleEndian
	for ; len(rest) > 0; rest = rest[recordSize:] {
		id := identity{
			le.Uint64(rest), le.Uint64(rest[8:]),
			int64(le.Uint64(rest[16:])), int64(le.Uint64(rest[24:])), int64(le.Uint64(rest[32:])),
		}
		r := remembered{Day: int32(le.Uint32(rest[40+sha256.Size:]))}
		copy(r.Sum[:], rest[40:])
		files[id] = r
	}
	return files
}
