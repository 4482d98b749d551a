package journal

import (
	"bufio"
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Archive is the folder of all records.
type Archive struct{ dir string }

// OpenArchive returns the archive in a folder, which is made with the first record.
func OpenArchive(dir string) *Archive { return &Archive{dir: dir} }

// suffix ends the name of a record's file, which has one JSON object a line.
const suffix = ".ndjson"

// NewID returns the identifier of a new record. Those made later sort after those made earlier.
func NewID(now time.Time) string {
	b := make([]byte, 4)
	_, _ = rand.Read(b) // never fails, according to crypto/rand
	return now.UTC().Format("20060102T150405.000Z") + "-" + hex.EncodeToString(b)
}

// validID matches what NewID returns: it becomes part of a path, and comes from labels that anybody may have set.
var validID = regexp.MustCompile(`^[0-9]{8}T[0-9]{6}\.[0-9]{3}Z-[0-9a-f]{8}$`)

func (a *Archive) path(id string) string { return filepath.Join(a.dir, id+suffix) }

// Info is what is known of a record without reading all of it.
type Info struct {
	Header
	// Size is that of its file, in bytes; Changed is when something was written last.
	Size    int64
	Changed time.Time
	// Ended reports that what the record is about is gone.
	Ended bool
}

// List returns the records, newest first. What is no record is left out.
func (a *Archive) List() ([]Info, error) {
	files, err := os.ReadDir(a.dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list records: %w", err)
	}
	var out []Info
	for _, f := range files {
		id, ok := strings.CutSuffix(f.Name(), suffix)
		if !ok || !validID.MatchString(id) || !f.Type().IsRegular() {
			continue
		}
		if i, err := a.info(id); err == nil {
			out = append(out, i)
		}
	}
	slices.SortStableFunc(out, func(x, y Info) int { return -cmp.Or(x.Created.Compare(y.Created), strings.Compare(x.ID, y.ID)) })
	return out, nil
}

// endSize is more than the last line of a record that has ended takes.
const endSize = 4 << 10

func (a *Archive) info(id string) (Info, error) {
	f, err := os.Open(a.path(id))
	if err != nil {
		return Info{}, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return Info{}, err
	}
	i := Info{Size: st.Size(), Changed: st.ModTime()}
	line, err := bufio.NewReader(f).ReadSlice('\n')
	if err != nil {
		return i, err
	}
	if err := json.Unmarshal(line, &i.Header); err != nil || i.ID != id {
		return i, fmt.Errorf("record %s is damaged", id)
	}
	tail := make([]byte, min(endSize, st.Size()))
	if _, err := f.ReadAt(tail, st.Size()-int64(len(tail))); err != nil {
		return i, err
	}
	lines := strings.Split(strings.TrimSuffix(string(tail), "\n"), "\n")
	last, err := decode([]byte(lines[len(lines)-1]))
	i.Ended = err == nil && last.Kind == KindEnd
	return i, nil
}

// ErrNotFound reports that there is no record of that name.
var ErrNotFound = errors.New("no record")

// minKey is how much of a snapshot's key has to be given at least.
const minKey = 4

// Find returns the newest record of that name: an instance, the key of a snapshot or its beginning, or the identifier of
// a record. An empty name means the newest of all. It returns ErrNotFound if there is none.
func (a *Archive) Find(name string) (Info, error) {
	list, err := a.List()
	if err != nil {
		return Info{}, err
	}
	for _, is := range []func(Info) bool{
		func(i Info) bool { return name == "" || i.ID == name || i.Name == name },
		func(i Info) bool {
			return i.Name == "" && len(name) >= minKey && strings.HasPrefix(i.Key, name)
		},
	} {
		if n := slices.IndexFunc(list, is); n >= 0 {
			return list[n], nil
		}
	}
	return Info{}, ErrNotFound
}
