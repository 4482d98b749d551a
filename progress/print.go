package progress

import (
	"fmt"
	"io"
	"sync"

	"github.com/moby/buildkit/util/progress/progressui"
)

// Print prints text, whole lines, where the display is: at once, or when the display has ended if it draws itself anew again
// and again or is read by a program. A nil Printer prints nothing.
func (p *Printer) Print(text string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed && (p.mode == progressui.TtyMode || p.mode == progressui.RawJSONMode) {
		p.after = append(p.after, text)
		return
	}
	fmt.Fprint(p.out, text)
}

// lockedWriter is a writer for several goroutines.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}
