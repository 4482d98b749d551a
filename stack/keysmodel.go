package stack

import (
	"reflect"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// composeKeys returns the keys that Compose has directly below a pattern, from compose-go's own types.
func composeKeys(pattern string) []string {
	t := reflect.TypeFor[types.Project]()
	if pattern != "" {
		for word := range strings.SplitSeq(pattern, ".") {
			if t = below(t, word); t == nil {
				return nil
			}
		}
	}
	t = structOf(t)
	if t == nil {
		return nil
	}
	var names []string
	for name := range fields(t) {
		names = append(names, name)
	}
	return names
}

// below returns the type of what is under a key.
func below(t reflect.Type, key string) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Map:
		return t.Elem()
	case reflect.Struct:
		return fields(t)[key]
	}
	return nil
}

// structOf returns the struct that a value of the type consists of, or nil.
func structOf(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() == reflect.Struct {
		return t
	}
	return nil
}

// fields maps the keys of a struct to their types, those of embedded structs among them.
func fields(t reflect.Type) map[string]reflect.Type {
	all := map[string]reflect.Type{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case strings.Contains(options, "inline") && f.Type.Kind() == reflect.Struct:
			for key, below := range fields(f.Type) {
				all[key] = below
			}
		case name != "" && name != "-" && name[0] != '#' && f.Tag.Get("json") != "-":
			all[name] = f.Type
		}
	}
	return all
}
