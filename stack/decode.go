package stack

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// decoder reads the x-bmo extensions. It is strict: a key that is unknown, or a value that has another type than
// expected, is a problem that names the key.
type decoder struct {
	problems *problems
}

// field reads the value of one key.
type field func(path string, v any)

// object reads a mapping; no value is the same as an empty one.
func (d decoder) object(path string, v any, fields map[string]field) {
	m, ok := d.mapping(path, v)
	if !ok {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		read, known := fields[key]
		if !known {
			d.problems.add(path+"."+key, "unknown key", suggest("known keys", key, slices.Collect(maps.Keys(fields))))
			continue
		}
		read(path+"."+key, m[key])
	}
}

// named reads a mapping whose keys are names that the author chooses.
func (d decoder) named(path string, v any, read func(name, path string, v any)) {
	m, _ := d.mapping(path, v)
	for _, name := range slices.Sorted(maps.Keys(m)) {
		read(name, path+"."+name, m[name])
	}
}

func (d decoder) mapping(path string, v any) (map[string]any, bool) {
	if v == nil {
		return nil, true
	}
	m, ok := v.(map[string]any)
	if !ok {
		d.wrong(path, "a mapping", v)
	}
	return m, ok
}

// list reads a sequence.
func (d decoder) list(path string, v any, read field) {
	l, ok := v.([]any)
	if !ok && v != nil {
		d.wrong(path, "a list", v)
	}
	for i, e := range l {
		read(fmt.Sprintf("%s[%d]", path, i), e)
	}
}

func (d decoder) wrong(path, want string, got any) {
	text := fmt.Sprintf("want %s, not %s", want, describe(got))
	d.problems.settle(path, text, "")
}

// describe shows a value of the file in an error.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "nothing"
	case string:
		return strconv.Quote(v)
	case []any:
		return "a list"
	case map[string]any:
		return "a mapping"
	default:
		return fmt.Sprint(v)
	}
}
