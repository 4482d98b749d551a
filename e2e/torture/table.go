package torture

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Table has a row for each command and fault.
type Table struct {
	rows []row
}

type row struct {
	command               string
	fault                 Fault
	runs, end, left, next int
}

// add notes an outcome.
func (tb *Table) add(c Command, fault Fault, o outcome) {
	r := tb.row(c.Name, fault)
	r.runs++
	for _, c := range []struct {
		wrong string
		count *int
	}{{o.end, &r.end}, {o.left, &r.left}, {o.next, &r.next}} {
		if c.wrong == "" {
			*c.count++
		}
	}
}

func (tb *Table) row(command string, fault Fault) *row {
	for i := range tb.rows {
		if r := &tb.rows[i]; r.command == command && r.fault == fault {
			return r
		}
	}
	tb.rows = append(tb.rows, row{command: command, fault: fault})
	return &tb.rows[len(tb.rows)-1]
}

// Write prints the table: of how many runs a command ended well, left nothing, and the next one worked.
func (tb *Table) Write(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(tw, "COMMAND\tFAULT\tREQUESTS\tENDS WELL\tLEAVES NOTHING\tNEXT WORKS")
	for _, r := range tb.rows {
		fmt.Fprintf(tw, "%s\t%s\t%d\t%d\t%d\t%d\n", r.command, r.fault, r.runs, r.end, r.left, r.next)
	}
	return tw.Flush()
}

// String describes an outcome that is not as it should be; it is empty for one that is.
func (o outcome) String() string {
	var b strings.Builder
	for _, w := range []struct{ what, text string }{
		{"it ended badly", o.end}, {"it left behind", o.left}, {"the next command failed", o.next},
	} {
		if w.text != "" {
			fmt.Fprintf(&b, "%s: %s\n", w.what, w.text)
		}
	}
	if b.Len() > 0 && o.stderr != "" {
		fmt.Fprintf(&b, "it had printed:\n%s", o.stderr)
	}
	return b.String()
}
