package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// graph is a drawing and a table of one group of results.
type graph struct {
	group string
	title string
	sizes string // what the sizes count, for what grows with them; empty for bars
	ways  bool   // to one end: ratios mean something
}

var graphs = []graph{
	{"start", "From the command until all answer", "", true},
	{"stop", "Until they are removed", "", true},
	{"memory", "Memory of an instance (PSS)", "", true},
	{"build", "A build that finds nothing to do", "", true},
	{"files", "A build that finds nothing to do, by the files of the tree", "files in the tree", true},
	{"files-memory", "Its memory, by the files of the tree", "files in the tree", true},
	{"snapshots", "Commands, by the snapshots on the engine", "snapshots on the engine", false},
	{"instances", "Commands, by the instances that run", "instances that run", false},
	{"each", "Several at once: what each takes, by their number", "instances", false},
	{"table", "An instance with a large table", "MiB of the table", false},
	{"table-disk", "What the database of such an instance has written", "MiB of the table", false},
}

// drawAll draws the graphs, and writes the tables into performance.md between their marks.
func drawAll(dir string, list []Result) error {
	page := filepath.Join(dir, "performance.md")
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	shown := mainEngine(list)
	for _, g := range graphs {
		group := g.of(shown)
		if len(group) == 0 {
			continue
		}
		drawing := bars(g.title, group)
		if g.sizes != "" {
			drawing = growth(g.title, g.sizes, group)
		}
		name := filepath.Join("performance", g.group+".svg")
		if err := os.MkdirAll(filepath.Join(dir, "performance"), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(drawing), 0o644); err != nil {
			return err
		}
		body := fmt.Sprintf("![%s](%s)\n\n%s\n%s", g.title, filepath.ToSlash(name), rows(g, group), conditions(group))
		text = replace(text, g.group, body)
	}
	text = replace(text, "engines", engines(list))
	return os.WriteFile(page, text, 0o644)
}

// mainEngine returns the results of the engine that the graphs are of: the one that has most, and with overlay2 of equals.
func mainEngine(list []Result) []Result {
	by := map[string][]Result{}
	for _, r := range list {
		name := engineOf(r)
		by[name] = append(by[name], r)
	}
	best := ""
	for name, l := range by {
		if best == "" || cmp.Or(cmp.Compare(len(l), len(by[best])), strings.Compare(name, best)) > 0 {
			best = name
		}
	}
	return by[best]
}

func engineOf(r Result) string { return r.Run.Engine + ", " + r.Run.Store }

// of returns the group's results, the smallest first.
func (g graph) of(list []Result) (group []Result) {
	for _, r := range list {
		if r.Group == g.group && len(r.Ways) > 0 {
			group = append(group, r)
		}
	}
	slices.SortFunc(group, func(a, b Result) int { return cmp.Compare(a.Size, b.Size) })
	return group
}

// rows returns a table in Markdown: a row for each way, a column for each size.
func rows(g graph, group []Result) string {
	var b strings.Builder
	head, rule := "|  |", "|---|"
	for _, r := range group {
		switch {
		case g.sizes != "":
			head += " " + thousands(r.Size) + " |"
		case len(group) > 1:
			head += " " + count(r.Size) + " |"
		default:
			head += " |"
		}
		rule += "---|"
	}
	grows := g.sizes != "" && len(group) > 1
	if grows {
		head, rule = head+" growth |", rule+"---|"
	}
	fmt.Fprintf(&b, "%s\n%s\n", head, rule)
	for _, name := range wayNames(group) {
		fmt.Fprintf(&b, "| %s |", name)
		var points [][2]float64
		for _, r := range group {
			text, median := cell(r, name, g.ways)
			fmt.Fprintf(&b, " %s |", text)
			if median > 0 {
				points = append(points, [2]float64{float64(r.Size), median})
			}
		}
		if grows {
			fmt.Fprintf(&b, " %s |", grown(points))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func wayNames(group []Result) (names []string) {
	for _, r := range group {
		for _, w := range r.Ways {
			if !slices.Contains(names, w.Name) {
				names = append(names, w.Name)
			}
		}
	}
	return names
}

// cell returns what a table has for one way of a result, with its ratio to the first one or without.
func cell(r Result, name string, ratio bool) (text string, median float64) {
	i := slices.IndexFunc(r.Ways, func(w Way) bool { return w.Name == name })
	switch {
	case i < 0:
		return "", 0
	case r.Ways[i].Error != "":
		return "failed", 0
	}
	w := r.Ways[i]
	text = quantity(w.Median, r.Unit)
	if ratio {
		text += times(i, w.Ratio)
	}
	return text, w.Median
}

// grown says how many times a figure grew from the last size but one to the last, which grew so many times itself.
func grown(points [][2]float64) string {
	n := len(points)
	if n < 2 {
		return ""
	}
	a, b := points[n-2], points[n-1]
	return fmt.Sprintf("×%s for ×%s", short(b[1]/a[1]), strconv.FormatFloat(b[0]/a[0], 'g', 2, 64))
}

// conditions say how the figures came about.
func conditions(group []Result) string {
	r := group[0].Run
	var dates, loads, commits []string
	for _, g := range group {
		day, _, _ := strings.Cut(g.Run.Date, " ")
		dates, commits = append(dates, day), append(commits, g.Run.Commit)
		loads = append(loads, short(g.Run.LoadBefore))
	}
	return fmt.Sprintf("Engine %s with %s, %d processors, %s; %s, commit %s, load of the machine before: %s.\n",
		r.Engine, r.Store, r.Processors, quantity(float64(r.Memory), "MiB"), strings.Join(slices.Compact(dates), ", "),
		strings.Join(slices.Compact(commits), ", "), strings.Join(loads, ", "))
}

// ofEngines are the groups that engines are compared by, for one instance.
var ofEngines = []string{"build", "start", "stop"}

// engines returns a table that sets the engines next to each other.
func engines(list []Result) string {
	var names []string
	own := map[string][]Result{}
	for _, r := range list {
		if r.Size != 1 || !slices.Contains(ofEngines, r.Group) {
			continue
		}
		name := engineOf(r)
		if own[name] == nil {
			names = append(names, name)
		}
		own[name] = append(own[name], r)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "|  | %s |\n|---%s|\n", strings.Join(names, " | "), strings.Repeat("|---", len(names)))
	for _, g := range ofEngines {
		group := make([]Result, len(names))
		for i, name := range names {
			group[i].Unit = "s"
			if n := slices.IndexFunc(own[name], func(r Result) bool { return r.Group == g }); n >= 0 {
				group[i] = own[name][n]
			}
		}
		for _, way := range wayNames(group) {
			label := way
			if g == "stop" {
				label += ", removed"
			}
			fmt.Fprintf(&b, "| %s |%s\n", label, besides(group, way))
		}
	}
	for _, name := range names {
		b.WriteString("\n" + conditions(own[name]))
	}
	return b.String()
}

// besides returns the cells for one way of several results, with the ratios to the first that has it.
func besides(group []Result, way string) (cells string) {
	first := 0.0
	for _, r := range group {
		text, median := cell(r, way, false)
		if first > 0 && median > 0 {
			text += fmt.Sprintf("  (×%s)", short(median/first))
		}
		if first == 0 {
			first = median
		}
		cells += " " + text + " |"
	}
	return cells
}

// replace puts a body between the marks of a name, which are comments; without them nothing changes.
func replace(text []byte, name, body string) []byte {
	re := regexp.MustCompile(`(?s)(<!-- bench ` + regexp.QuoteMeta(name) + ` -->\n).*?(<!-- end -->\n)`)
	return re.ReplaceAllFunc(text, func(found []byte) []byte {
		m := re.FindSubmatch(found)
		return slices.Concat(m[1], []byte("\n"+body+"\n"), m[2])
	})
}

// quantity prints a figure with its unit.
func quantity(v float64, unit string) string {
	switch {
	case unit == "s" && v < 0.1:
		return short(v*1000) + " ms"
	case unit == "MiB" && v >= 1024:
		return short(v/1024) + " GiB"
	}
	return short(v) + " " + unit
}

// short prints two digits, or what is before the point.
func short(v float64) string {
	switch {
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 0.995:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'g', 2, 64)
}

func thousands(n int) string {
	s := strconv.Itoa(n)
	if len(s) > 3 {
		s = s[:len(s)-3] + "," + s[len(s)-3:]
	}
	return s
}
