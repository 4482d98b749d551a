package contexts

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"maps"
	"slices"
	"time"
)

// epoch is the earliest time in a tree, and that of all that is in no folder of the user. It is never 0, which some
// programs take to mean "no such file". npm packs its archives with the same one.
var epoch = time.Date(1985, time.October, 26, 8, 15, 0, 0, time.UTC)

// maxShift is by how much a time is moved at most.
const maxShift = int64(time.Second)

// setTimes gives the entries times in the order of those that the folder has: what is older, newer or as old as another
// there is so in the image, which is all that make and its like look at. Each time is moved back by less than the
// distance to the one before it, by an amount that depends on the content of all files that have it: BuildKit decides by
// size and time whether it already has a file, and would miss a change that leaves both the same.
func setTimes(entries []entry) {
	contents := map[int64]hash.Hash{}
	for i := range entries {
		e := &entries[i]
		e.time = e.modTime()
		if contents[e.time] == nil {
			contents[e.time] = sha256.New()
		}
		if e.kind == kindFile {
			contents[e.time].Write(e.sum[:])
		}
	}
	moved, before := map[int64]int64{}, int64(0)
	for _, t := range slices.Sorted(maps.Keys(contents)) {
		distance := min(t-before, maxShift)
		moved[t] = t - int64(binary.BigEndian.Uint64(contents[t].Sum(nil))>>1)%distance
		before = t
	}
	for i := range entries {
		entries[i].time = moved[entries[i].time]
	}
}

// modTime is the time that the folder has for a node.
func (n *node) modTime() int64 {
	if n.from == nil || !n.from.at.ofUser() || n.info.ModTime().Before(epoch) {
		return epoch.UnixNano()
	}
	return n.info.ModTime().UnixNano()
}
