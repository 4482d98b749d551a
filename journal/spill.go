package journal

import (
	"bufio"
	"fmt"
	"os"
)

// spill is a file for entries that are nowhere else. Only this process can read it, and it goes with it. Without entries there
// is none.
type spill struct {
	file *os.File
	w    *bufio.Writer
	size int64
	// enough is the size from which on the file is made smaller.
	enough int64
	// err is why it cannot be written any more.
	err error
}

// leastSpill is a size that a file may have whatever of it is still wanted.
var leastSpill int64 = 64 << 20

// put adds an entry and returns where it stands.
func (s *spill) put(b []byte) place {
	if s.file == nil && s.err == nil {
		s.open()
	}
	p := place{at: s.size, len: int32(len(b)), spilled: true}
	if s.err == nil {
		_, s.err = s.w.Write(b)
	}
	s.size += int64(len(b))
	return p
}

func (s *spill) open() {
	if s.file, s.err = os.CreateTemp("", "docker-bmo-*"); s.err != nil { // with mode 0600: logs may have secrets in them
		return
	}
	_ = os.Remove(s.file.Name()) // a system that cannot do this yet does it in close
	s.w, s.enough = bufio.NewWriterSize(s.file, 256<<10), max(s.enough, leastSpill)
}

// flush makes what was put there readable, and says if it is not all there.
func (s *spill) flush() error {
	if s.err == nil && s.w != nil {
		s.err = s.w.Flush()
	}
	if s.err != nil {
		return fmt.Errorf("put the engine's output in order: %w", s.err)
	}
	return nil
}

// shrink leaves out what an order has forgotten, once that may be half of the file. It says, too, if the file cannot be written.
func (s *spill) shrink(o *order) error {
	if s.err == nil && (s.size < s.enough || o.query.Tail < 0) {
		return nil
	}
	if err := s.flush(); err != nil {
		return err
	}
	var next spill
	var buf []byte
	var err error
	o.each(func(p *place) {
		if !p.spilled || err != nil {
			return
		}
		if buf, err = readAt(s.file, *p, buf); err == nil {
			p.at = next.put(buf).at
		}
	})
	next.enough = max(leastSpill, 2*next.size)
	s.close()
	*s = next
	return err
}

func (s *spill) close() {
	if s.file != nil {
		_ = s.file.Close()
		_ = os.Remove(s.file.Name())
	}
}
