package stack

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/template"
)

// variables are the values of ${NAME} in a file. They record which names the file uses, so that a misspelt --set is
// reported, and which of these have no value, which Compose takes for empty with a warning.
type variables struct {
	set      map[string]string
	environ  map[string]string
	project  map[string]string // what compose-go sets itself: the name of the project
	used     map[string]bool
	empty    map[string]bool // used without a value
	problems *problems
}

func newVariables(opts Options, p *problems) *variables {
	environ := map[string]string{}
	for _, kv := range opts.Environ {
		if name, value, ok := strings.Cut(kv, "="); ok {
			environ[name] = value
		}
	}
	return &variables{set: opts.Set, environ: environ, used: map[string]bool{}, empty: map[string]bool{}, problems: p}
}

// lookup returns the value of a variable and records that it was used.
func (v *variables) lookup(name string) (string, bool) {
	v.used[name] = true
	return v.value(name)
}

// value returns the value of a variable.
func (v *variables) value(name string) (string, bool) {
	if value, ok := v.set[name]; ok {
		return value, true
	}
	if value, ok := v.environ[name]; ok {
		return value, true
	}
	value, ok := v.project[name]
	return value, ok
}

// warnings returns what Compose warns of.
func (v *variables) warnings() (list []string) {
	for _, name := range slices.Sorted(maps.Keys(v.empty)) {
		list = append(list, fmt.Sprintf("variable %s is not set, and is taken as empty", name))
	}
	return list
}

// substitute replaces the references in a string. It has the signature that compose-go needs: more has the .env file of
// an included file. Everything that is wrong is added to the problems.
func (v *variables) substitute(text string, more template.Mapping) (string, error) {
	lookup := func(name string) (string, bool) {
		if value, ok := v.lookup(name); ok {
			return value, true
		}
		return more(name)
	}
	before := len(v.problems.list)
	empty := map[string]bool{}
	v.scan(text, true, lookup, empty)
	maps.Copy(v.empty, empty)
	if len(v.problems.list) > before {
		return "", nil
	}
	out, err := template.SubstituteWithOptions(text, func(name string) (string, bool) {
		value, set := lookup(name)
		return value, set || empty[name] // compose-go prints a warning of its own for one within a default
	}, template.WithoutLogging)
	if err != nil {
		v.problems.add("", fmt.Sprintf("%q is not a valid reference to a variable", text), "write $$ for a dollar sign")
	}
	return out, nil
}

// scan records the variables of a text, including those in the default of another one, adds those without a value to
// empty, and reports those that need one. A text that is not live is a default that is not needed.
func (v *variables) scan(text string, live bool, lookup template.Mapping, empty map[string]bool) {
	for _, ref := range references(text) {
		value, set := lookup(ref.name)
		if strings.HasPrefix(ref.op, ":") && value == "" {
			set = false
		}
		switch strings.TrimPrefix(ref.op, ":") {
		case "":
			if live && !set {
				empty[ref.name] = true
			}
		case "?":
			if live && !set {
				v.unset(ref.name, ref.arg)
			}
			v.scan(ref.arg, false, lookup, empty)
		case "-":
			v.scan(ref.arg, live && !set, lookup, empty)
		case "+":
			v.scan(ref.arg, live && set, lookup, empty)
		}
	}
}

// unset reports a variable that the file requires, ${NAME:?WHY}.
func (v *variables) unset(name, why string) {
	text := fmt.Sprintf("variable %s is not set", name)
	if why != "" {
		text += ": " + why
	}
	v.problems.add("", text, fmt.Sprintf("give it with --set %s=VALUE", name))
}

// checkSet reports what was set and is used nowhere.
func (v *variables) checkSet() {
	known := slices.Sorted(maps.Keys(v.used))
	for _, name := range slices.Sorted(maps.Keys(v.set)) {
		if v.used[name] {
			continue
		}
		hint := "its variables are " + strings.Join(known, ", ")
		if len(known) == 0 {
			hint = "it has no variables"
		}
		v.problems.add("", fmt.Sprintf("variable %s is set, but the stack does not use it", name), hint)
	}
}

// variableRef is one ${NAME}, ${NAME:-default} or the like.
type variableRef struct {
	name, op, arg string
}

var referenceStart = regexp.MustCompile(`^\$(?:\$|([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(:?[-+?])?)`)

// references returns the references of a text, without those within an argument of another one.
func references(text string) (refs []variableRef) {
	for {
		at := strings.IndexByte(text, '$')
		if at < 0 {
			return refs
		}
		text = text[at:]
		m := referenceStart.FindStringSubmatch(text)
		if m == nil {
			text = text[1:]
			continue
		}
		text = text[len(m[0]):]
		switch {
		case m[1] != "":
			refs = append(refs, variableRef{name: m[1]})
		case m[2] != "":
			end := closingBrace(text)
			refs = append(refs, variableRef{name: m[2], op: m[3], arg: text[:end]})
			text = text[end:]
		}
	}
}

// closingBrace returns the index of the brace that ends a reference that started before the text.
func closingBrace(text string) int {
	depth := 1
	for i := range len(text) {
		switch text[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(text)
}
