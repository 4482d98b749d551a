package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
)

// Result is what several ways to one end took, taken side by side in one run.
type Result struct {
	Group string // of results that differ in their size
	Size  int
	Unit  string
	Run   Run
	Ways  []Way // the first one is what the ratios are to
}

// Way is one way to the end of its result.
type Way struct {
	Name    string
	Samples []float64 `json:",omitempty"`
	Median  float64   `json:",omitempty"`
	Ratio   float64   `json:",omitempty"`
	Error   string    `json:",omitempty"` // why there is no figure
}

// Run is under what conditions a result was taken.
type Run struct {
	Date       string
	Commit     string
	Engine     string // its release
	Store      string // of its images
	Processors int
	Memory     int // MiB
	// Load of the machine: the average over one minute, before and after. Before it is what others did.
	LoadBefore, LoadAfter float64
}

// same reports whether r takes the place of o.
func (r Result) same(o Result) bool {
	return r.Group == o.Group && r.Size == o.Size && r.Run.Store == o.Run.Store && r.Run.Engine == o.Run.Engine
}

// merge returns the list with r in place of what it replaces, in their order.
func merge(list []Result, r Result) []Result {
	list = slices.DeleteFunc(slices.Clone(list), r.same)
	list = append(list, r)
	slices.SortFunc(list, func(a, b Result) int {
		return cmp.Or(cmp.Compare(a.Run.Engine, b.Run.Engine), cmp.Compare(a.Run.Store, b.Run.Store),
			cmp.Compare(a.Group, b.Group), cmp.Compare(a.Size, b.Size))
	})
	return list
}

// load reads a file of results. One that is not there has none.
func load(file string) (list []Result, err error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return list, json.Unmarshal(text, &list)
}

func save(file string, list []Result) error {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetIndent("", " ")
	e.SetEscapeHTML(false)
	if err := e.Encode(list); err != nil {
		return err
	}
	return os.WriteFile(file, text.Bytes(), 0o644)
}

// collector gathers the samples of several ways.
type collector struct {
	ways []Way
}

func (c *collector) way(name string) *Way {
	for i := range c.ways {
		if c.ways[i].Name == name {
			return &c.ways[i]
		}
	}
	c.ways = append(c.ways, Way{Name: name})
	return &c.ways[len(c.ways)-1]
}

func (c *collector) add(name string, value float64) {
	w := c.way(name)
	w.Samples = append(w.Samples, round(value))
}

// fail notes why a way has no figure.
func (c *collector) fail(name string, err error) { c.way(name).Error = err.Error() }

// result returns the medians and their ratios to the first way, without ways that were not taken.
func (c *collector) result(group string, size int, unit string) Result {
	taken := slices.DeleteFunc(slices.Clone(c.ways), func(w Way) bool { return w.Error == "" && len(w.Samples) == 0 })
	r := Result{Group: group, Size: size, Unit: unit, Ways: taken}
	for i := range r.Ways {
		w := &r.Ways[i]
		if w.Error != "" {
			w.Samples = nil // of those that failed now and then the others are no fair sample
			continue
		}
		w.Median = median(w.Samples)
		if first := r.Ways[0].Median; first > 0 {
			w.Ratio = round(w.Median / first)
		}
	}
	return r
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(values))
	if n := len(s); n%2 == 0 {
		return round((s[n/2-1] + s[n/2]) / 2)
	}
	return s[len(s)/2]
}
