package journal

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// span is where an entry stands in a file.
type span struct {
	at  int64
	len int
}

// scan reads a record from its beginning and calls fn with each entry. What is damaged, or not written to its end, is
// passed over.
func scan(f *os.File, fn func(Entry, span)) (Header, error) {
	var h Header
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return h, err
	}
	br := bufio.NewReaderSize(f, 256<<10)
	var at int64
	for first := true; ; first = false {
		line, err := readLine(br)
		if errors.Is(err, io.EOF) {
			break // the last line, if there is one, is not whole
		}
		if err != nil {
			return h, err
		}
		where := span{at, len(line)}
		at += int64(len(line))
		if first {
			if err := json.Unmarshal(line, &h); err != nil || h.ID == "" {
				return h, errors.New("the record is damaged: it has no beginning")
			}
			continue
		}
		if e, err := decode(line); err == nil && e.Kind != "" {
			fn(e, where)
		}
	}
	if h.ID == "" {
		return h, errors.New("the record is damaged: it has no beginning")
	}
	return h, nil
}

// readLine returns a line with its end, in a buffer that the next call overwrites, or an error.
func readLine(br *bufio.Reader) ([]byte, error) {
	line, err := br.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return line, err
	}
	long := slices.Clone(line)
	for errors.Is(err, bufio.ErrBufferFull) {
		line, err = br.ReadSlice('\n')
		long = append(long, line...)
	}
	return long, err
}

// readAt reads an entry as it stands in a file, into buf if that is large enough.
func readAt(f *os.File, p place, buf []byte) ([]byte, error) {
	buf = slices.Grow(buf[:0], int(p.len))[:p.len]
	if _, err := f.ReadAt(buf, p.at); err != nil {
		return nil, fmt.Errorf("read the record: %w", err)
	}
	return buf, nil
}
