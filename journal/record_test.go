package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func at(ms int) time.Time { return noon.Add(time.Duration(ms) * time.Millisecond) }

// create begins a record in a new archive.
func create(t *testing.T, id string) (*Archive, *Record) {
	t.Helper()
	a := OpenArchive(t.TempDir())
	r, err := a.Create(header(id), func() time.Time { return noon })
	assert.NilError(t, err)
	return a, r
}

func read(t *testing.T, a *Archive, id string, q Query) (out []Entry) {
	t.Helper()
	i, err := a.Find(id)
	assert.NilError(t, err)
	v, err := a.Open(t.Context(), nil, i, q)
	assert.NilError(t, err)
	defer v.Close()
	assert.NilError(t, v.Read(func(e Entry) error { out = append(out, e); return nil }))
	return out
}

var all = Query{Tail: -1}

// TestR7LongLines: the engine's messages are put together to the lines that were printed, whatever is in between.
func TestR7LongLines(t *testing.T) {
	a, r := create(t, id1)
	j, _ := r.state.joiner("web", "c", r.Add)
	chunk := strings.Repeat("x", 16<<10)
	j.take(engine.Message{Time: at(1), Text: []byte(chunk), More: true})
	j.take(engine.Message{Time: at(2), Stderr: true, Text: []byte("trouble")})
	j.take(engine.Message{Time: at(1), Text: []byte(chunk), More: true})
	j.take(engine.Message{Time: at(1), Text: []byte("end \xff")})
	j.take(engine.Message{Time: at(3), Text: []byte("unfinished"), More: true})
	j.end()
	assert.NilError(t, r.Close())
	got := read(t, a, id1, all)
	assert.Equal(t, len(got), 3)
	assert.Equal(t, got[0].Text, chunk+chunk+"end \xff")
	assert.Equal(t, got[0].Messages, 3)
	assert.Equal(t, got[1].Text, "trouble")
	assert.Equal(t, got[2].Text, "unfinished")
}

// TestR7EndlessLine: 100 MB without an end of line are kept in pieces of a megabyte, and no more than one is in memory.
func TestR7EndlessLine(t *testing.T) {
	chunk := []byte(strings.Repeat("0123456789abcdef", 1<<10))
	const chunks = 100 << 20 / (16 << 10)
	kept, pieces := 0, 0
	r := &Record{state: newState(), now: time.Now, show: func(e Entry) {
		kept += len(e.Text)
		pieces++
		assert.Assert(t, len(e.Text) <= maxLine)
		assert.Assert(t, e.More)
	}}
	j, _ := r.state.joiner("web", "c", r.Add)
	for range chunks {
		j.take(engine.Message{Time: noon, Text: chunk, More: true})
		assert.Assert(t, cap(j.part[false].text) <= 2*maxLine)
	}
	j.end()
	assert.Equal(t, kept, chunks*len(chunk))
	assert.Equal(t, pieces, 100)
	_, out, _ := r.state.since("c")
	assert.Equal(t, out.n, chunks) // from where another process would go on
}

// TestR7LastLongLine: the last lines are counted as lines, in however many pieces they are kept.
func TestR7LastLongLine(t *testing.T) {
	a, r := create(t, id1)
	add := func(ms int, text string, more bool) {
		r.Add(Entry{Time: at(ms), Kind: KindLine, Service: "web", Container: "c", Text: text, More: more})
	}
	add(1, "one", false)
	add(2, "be", true)
	add(3, "gin", true)
	add(4, "", false)
	add(5, "last", false)
	assert.NilError(t, r.Close())
	lines := []string{"web| one", "web| be", "web| gin", "web| ", "web| last"}
	for n, first := range map[int]int{1: 4, 2: 1, 3: 0, 4: 0} {
		assert.DeepEqual(t, briefs(read(t, a, id1, Query{Tail: n})), lines[first:])
	}
}

// TestOrder: entries are read in the order of the engine's time, and those of the same time as they came.
func TestOrder(t *testing.T) {
	a, r := create(t, id1)
	add := func(ms int, service, text string) {
		r.Add(Entry{Time: at(ms), Kind: KindLine, Service: service, Container: service, Text: text})
	}
	add(3, "web", "three")
	add(1, "db", "one")
	add(2, "db", "two")
	add(2, "cache", "two as well")
	add(9, "cache", "nine")
	add(4, "cache", "after its clock was set back")
	assert.NilError(t, r.Close())
	assert.DeepEqual(t, briefs(read(t, a, id1, all)), []string{
		"db| one", "db| two", "cache| two as well", "web| three", "cache| nine", "cache| after its clock was set back",
	})
	assert.DeepEqual(t, briefs(read(t, a, id1, Query{Tail: 1})), []string{"db| two", "web| three", "cache| after its clock was set back"})
	assert.DeepEqual(t, briefs(read(t, a, id1, Query{Tail: -1, Since: at(2), Until: at(3)})), []string{
		"db| two", "cache| two as well", "web| three",
	})
	assert.Equal(t, len(read(t, a, id1, Query{Tail: 0})), 0)
}

// TestR9FullDisk: what there was no room for is said, and what comes afterwards is kept.
func TestR9FullDisk(t *testing.T) {
	a, r := create(t, id1)
	r.Add(Entry{Time: at(1), Kind: KindNote, Text: "one"})
	whole := r.file
	var err error
	r.file, err = os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Logf("no /dev/full here: a file that is closed is as full: %v", err)
		r.file = os.NewFile(^uintptr(0), "none")
	}
	r.Add(Entry{Time: at(2), Kind: KindNote, Text: "two"})
	r.file = whole
	r.Add(Entry{Time: at(3), Kind: KindNote, Text: "three"})
	assert.NilError(t, r.Close())
	got := read(t, a, id1, all)
	assert.DeepEqual(t, briefs(got), []string{"gap", "note", "note"}) // the clock of the gap stands at noon
	assert.Assert(t, strings.Contains(got[0].Text, "entries before this one are missing: "), got[0].Text)
}

// TestR9Limits: records of what is over go when they are old or too many, the oldest first, and never those of the living.
func TestR9Limits(t *testing.T) {
	a := OpenArchive(t.TempDir())
	ids := map[string]string{}
	begin := func(name string, age int, over bool) *Record {
		h := header(fmt.Sprintf("20260304T1200%02d.000Z-%08x", 50-age, age))
		h.Name, h.Engine, h.Created = name, "fake", noon.AddDate(0, 0, -age)
		r, err := a.Create(h, time.Now)
		assert.NilError(t, err)
		if over {
			r.End("removed", "")
		}
		ids[name] = h.ID
		changed := time.Now().AddDate(0, 0, -age)
		assert.NilError(t, os.Chtimes(a.path(h.ID), changed, changed))
		return r
	}
	end := func(r *Record) { assert.NilError(t, r.Close()) }
	busy := begin("busy", 45, false)
	end(begin("there", 44, false))
	end(begin("gone", 43, false))
	end(begin("", 42, false))
	end(begin("over", 41, true))
	end(begin("newer", 3, true))
	end(begin("newest", 2, true))
	alive := func(id string) bool { return id == ids["there"] }
	names := func(list []Info, err error) (out []string) {
		assert.NilError(t, err)
		for _, i := range list {
			out = append(out, i.Name)
		}
		return out
	}
	assert.DeepEqual(t, names(a.Prune(Limits{Age: 30 * 24 * time.Hour}, time.Now(), "fake", alive)), []string{"gone", "", "over"})
	assert.DeepEqual(t, names(a.Prune(Limits{Count: 3}, time.Now(), "fake", alive)), []string{"newer"})
	assert.DeepEqual(t, names(a.Prune(Limits{Size: 1}, time.Now(), "fake", alive)), []string{"newest"})
	assert.DeepEqual(t, names(a.List()), []string{"there", "busy"})
	end(busy)
	// Of another engine nothing is known.
	assert.DeepEqual(t, names(a.Prune(Limits{Size: 1}, time.Now(), "other", nil)), []string(nil))
	assert.DeepEqual(t, names(a.Prune(Limits{Size: 1}, time.Now().Add(2*abandoned), "other", nil)), []string{"busy", "there"})
}

// TestFind: an instance, then the beginning of a key, then a record's own identifier; the newest wins.
func TestFind(t *testing.T) {
	a := OpenArchive(t.TempDir())
	put := func(n int, h Header) string {
		h.ID, h.Created = fmt.Sprintf("20260304T1200%02d.000Z-%08x", n, n), at(n*1000)
		r, err := a.Create(h, time.Now)
		assert.NilError(t, err)
		assert.NilError(t, r.Close())
		return h.ID
	}
	failed := put(1, Header{Kind: "bootstrap", Key: "abcdef"})
	shop := put(2, Header{Kind: "instance", Name: "shop", Key: "abcdef"})
	made := put(3, Header{Kind: "bootstrap", Key: "abcdef"})
	again := put(4, Header{Kind: "instance", Name: "shop", Key: "abcdef"})
	for name, want := range map[string]string{
		"": again, "shop": again, "abcd": made, "abcdef": made, failed: failed, shop: shop, "abc": "", "sho": "", "../x": "",
	} {
		i, err := a.Find(name)
		if want == "" {
			assert.Assert(t, errors.Is(err, ErrNotFound), name)
			continue
		}
		assert.NilError(t, err)
		assert.Equal(t, i.ID, want, name)
	}
}

// TestProbeIsNotedOnce: what comes back again and again is one entry, with how often.
func TestProbeIsNotedOnce(t *testing.T) {
	a, r := create(t, id1)
	p := r.Probe("web", "GET /")
	for range 3 {
		p.Waiting("connection refused")
	}
	p.Waiting("answered 500")
	p.End(true)
	r.Ready("web")
	assert.NilError(t, r.Close())
	var got []string
	for _, e := range read(t, a, id1, all) {
		got = append(got, fmt.Sprint(brief(e), " ", e.Attributes["error"], " ", max(e.Times, 1)))
	}
	assert.DeepEqual(t, got, []string{
		"probe waiting connection refused 1", "probe waiting connection refused 2", "probe waiting answered 500 1", "probe answered  1", "ready  1",
	})
}

// TestNilRecord: a record is optional.
func TestNilRecord(t *testing.T) {
	var r *Record
	r.Step("web", "start")(nil)
	r.Probe("web", "GET /").Waiting("no")
	r.Probe("web", "GET /").End(true)
	r.Ready("")
	r.Note("x")
	r.End("x", "")
	_, err := r.Writer("web", false).Write([]byte("x\n"))
	assert.NilError(t, err)
	r.Flush()
	assert.NilError(t, r.Close())
	var k *Keeper
	assert.Assert(t, k.Begin(t.Context(), header(id1)).Record() == nil)
	k.End(t.Context(), id1, "", nil)
	k.Settle(t.Context())
	k.At("x")
}

// TestWriter: what a command in a service prints is kept in lines.
func TestWriter(t *testing.T) {
	a, r := create(t, id1)
	w := r.Writer("db", true)
	for _, s := range []string{"one\ntw", "o\n", "\n", "three"} {
		_, err := w.Write([]byte(s))
		assert.NilError(t, err)
	}
	assert.NilError(t, w.Close())
	assert.NilError(t, r.Close())
	assert.DeepEqual(t, briefs(read(t, a, id1, all)), []string{"db| one", "db| two", "db| ", "db| three"})
}

// TestDamagedFiles: what is no record is passed over, and so are lines that are damaged.
func TestDamagedFiles(t *testing.T) {
	a, r := create(t, id1)
	r.Note("one")
	assert.NilError(t, r.Close())
	f, err := os.OpenFile(a.path(id1), os.O_APPEND|os.O_WRONLY, 0)
	assert.NilError(t, err)
	_, err = f.WriteString("\x00\x00\n{\"time\":3}\nnull\n" + string(encode(Entry{Time: at(5), Kind: KindNote, Text: "two"})) + "{")
	assert.NilError(t, err)
	assert.NilError(t, f.Close())
	for name, content := range map[string]string{
		"notes.txt": "x", "20260304T120000.000Z-00000002.ndjson": "", "20260304T120000.000Z-00000003.ndjson": "{}\n",
		"20260304T120000.000Z-00000004.ndjson": strings.Repeat("x", 10000), "20260304T120000.000Z-00000005.ndjson": `{"record":"../../x"}` + "\n",
	} {
		assert.NilError(t, os.WriteFile(filepath.Join(a.dir, name), []byte(content), 0o600))
	}
	assert.DeepEqual(t, briefs(read(t, a, "", all)), []string{"note", "note"})
}
