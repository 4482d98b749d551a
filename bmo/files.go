package bmo

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/docker-bmo/docker-bmo/contexts"
	"github.com/docker-bmo/docker-bmo/internal/label"
)

// maxFiles is how long the label with the list of files may be, in bytes. With a longer list, folders stand for what is
// below them.
const maxFiles = 64 << 10

// listing has the files of the contexts, by the context's name and the file's path.
type listing map[string]map[string]contexts.File

// onceLabels are those that one of the snapshot's images gets.
func (p *pipeline) onceLabels() map[string]string {
	labels := map[string]string{label.Files: encodeFiles(p.listing())}
	if start := p.client.sealStart(p.stack); start != "" {
		labels[label.Start] = start
	}
	maps.DeleteFunc(labels, func(_, v string) bool { return v == "" })
	return labels
}

func (p *pipeline) listing() listing {
	all := listing{}
	if p.request.Contexts == nil {
		return all
	}
	for name, tree := range p.request.Contexts.Trees {
		files := map[string]contexts.File{}
		for _, f := range tree.Files() {
			files[f.Path] = f
		}
		all[name] = files
	}
	return all
}

// folded returns the listing with a folder in place of all that is deeper than so many folders.
func (l listing) folded(depth int) listing {
	out := listing{}
	for name, files := range l {
		out[name] = map[string]contexts.File{}
		for _, at := range slices.Sorted(maps.Keys(files)) {
			f := files[at]
			words := strings.SplitN(at, "/", depth+1)
			if len(words) <= depth {
				out[name][at] = f
				continue
			}
			folder := path.Join(words[:depth]...) + "/"
			sum := out[name][folder].Sum*31 + f.Sum
			for _, c := range []byte(f.Type + " " + words[depth]) {
				sum = sum*31 + uint32(c)
			}
			out[name][folder] = contexts.File{Path: folder, Type: "below", Sum: sum}
		}
	}
	return out
}

// encodeFiles returns the listing as a label: "DEPTH.", and a compressed text with a line for each file and, after it, the
// sums of all. Depth is that of folders that stand for what is below them, 0 for none. It is "" when even that is too
// long.
func encodeFiles(l listing) string {
	for _, depth := range []int{0, 4, 3, 2, 1} {
		shown := l
		if depth > 0 {
			shown = l.folded(depth)
		}
		if text := fmt.Sprintf("%d.%s", depth, base64.RawStdEncoding.EncodeToString(shown.compressed())); len(text) <= maxFiles {
			return text
		}
	}
	return ""
}

func (l listing) compressed() []byte {
	var text bytes.Buffer
	var sums []byte
	for _, name := range slices.Sorted(maps.Keys(l)) {
		fmt.Fprintf(&text, "context %q\n", name)
		for _, at := range slices.Sorted(maps.Keys(l[name])) {
			f := l[name][at]
			fmt.Fprintf(&text, "%s %q\n", f.Type, f.Path)
			sums = binary.BigEndian.AppendUint32(sums, f.Sum)
		}
	}
	text.WriteByte('\n')
	text.Write(sums)
	var out bytes.Buffer
	w, _ := flate.NewWriter(&out, flate.BestCompression) // fails for another level only
	_, _ = w.Write(text.Bytes())
	_ = w.Close()
	return out.Bytes()
}

// errNoFiles reports that a label is not one that encodeFiles returns.
var errNoFiles = errors.New("no list of files")

// maxListed is how much a label may be when it is decompressed, in bytes: anybody can put labels on images.
const maxListed = 64 << 20

// decodeFiles returns what encodeFiles was given, folded to the depth that it returns.
func decodeFiles(text string) (l listing, depth int, err error) {
	_, rest, _ := strings.Cut(text, ".")
	if _, err := fmt.Sscanf(text, "%d.", &depth); err != nil || depth < 0 {
		return nil, 0, errNoFiles
	}
	packed, err := base64.RawStdEncoding.DecodeString(rest)
	if err != nil {
		return nil, 0, errNoFiles
	}
	data, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), maxListed))
	if err != nil {
		return nil, 0, errNoFiles
	}
	lines, sums, found := bytes.Cut(data, []byte("\n\n"))
	if !found {
		return nil, 0, errNoFiles
	}
	l = listing{}
	name := ""
	for line := range strings.SplitSeq(string(lines), "\n") {
		var kind, text string
		if _, err := fmt.Sscanf(line, "%s %q", &kind, &text); err != nil {
			return nil, 0, errNoFiles
		}
		if kind == "context" {
			name, l[text] = text, map[string]contexts.File{}
			continue
		}
		if len(sums) < 4 || l[name] == nil {
			return nil, 0, errNoFiles
		}
		l[name][text] = contexts.File{Path: text, Type: kind, Sum: binary.BigEndian.Uint32(sums)}
		sums = sums[4:]
	}
	return l, depth, nil
}

// maxNamed is how many files of a context are named for each kind of change.
const maxNamed = 10

// changes says which files of a context differ: "added a, b; changed c", "" when that is not known.
func changes(now, had map[string]contexts.File) string {
	var added, removed, changed []string
	for _, at := range slices.Sorted(maps.Keys(now)) {
		switch was, ok := had[at]; {
		case !ok:
			added = append(added, at)
		case was != now[at]:
			changed = append(changed, at)
		}
	}
	for _, at := range slices.Sorted(maps.Keys(had)) {
		if _, ok := now[at]; !ok {
			removed = append(removed, at)
		}
	}
	var parts []string
	for _, of := range []struct {
		what string
		list []string
	}{{"added", added}, {"removed", removed}, {"changed", changed}} {
		if n := len(of.list); n > maxNamed {
			of.list = append(of.list[:maxNamed], fmt.Sprintf("and %d more", n-maxNamed))
		}
		if len(of.list) > 0 {
			parts = append(parts, of.what+" "+strings.Join(of.list, ", "))
		}
	}
	return strings.Join(parts, "; ")
}
