package stack

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	units "github.com/docker/go-units"
	"github.com/mattn/go-shellwords"
)

// The methods below return functions that read one value into *dst.

func (d decoder) str(dst *string) field {
	return func(path string, v any) {
		switch v := v.(type) {
		case string:
			*dst = v
		case int, int64, uint64, float64, bool:
			d.problems.settle(path, fmt.Sprintf("want a string, not %v", v), "put it in quotes")
		default:
			d.wrong(path, "a string", v)
		}
	}
}

// word reads a string that may look like a number, such as a user.
func (d decoder) word(dst *string) field {
	return func(path string, v any) {
		switch v.(type) {
		case string, int, int64, uint64:
			*dst = fmt.Sprint(v)
		default:
			d.wrong(path, "a string", v)
		}
	}
}

func (d decoder) strs(dst *[]string) field {
	return func(path string, v any) {
		d.list(path, v, func(path string, v any) {
			var s string
			d.str(&s)(path, v)
			*dst = append(*dst, s)
		})
	}
}

// command reads a list of words, or a string, which is split as a shell would do it.
func (d decoder) command(dst *[]string) field {
	return func(path string, v any) {
		s, ok := v.(string)
		if !ok {
			if v == nil {
				d.wrong(path, "a command", v)
			}
			d.strs(dst)(path, v)
			return
		}
		var words types.ShellCommand
		if err := words.DecodeMapstructure(s); err != nil {
			d.problems.settle(path, fmt.Sprintf("%q cannot be split into words: %v", s, err), "write it as a list")
			return
		}
		if used := beforeOperator(s); used != s {
			d.problems.settle(path, fmt.Sprintf("%q has an operator of the shell after `%s`, and no shell runs it", s, used),
				`write it as a list, ["sh", "-c", "..."]`)
			return
		}
		*dst = words
	}
}

// beforeOperator returns the part of a command line that Compose runs: all of it, or what comes before the first
// operator of the shell that is not in quotes.
func beforeOperator(line string) string {
	p := shellwords.NewParser()
	if _, err := p.Parse(line); err != nil || p.Position < 0 || p.Position >= len(line) {
		return line
	}
	return strings.TrimSpace(line[:p.Position])
}

// boolean reads true or false; a string comes from a variable.
func (d decoder) boolean(dst *bool) field {
	return func(path string, v any) {
		b, err := strconv.ParseBool(fmt.Sprint(v))
		if err != nil {
			d.wrong(path, "true or false", v)
			return
		}
		*dst = b
	}
}

// number reads an integer; a string comes from a variable.
func (d decoder) number(dst *int, what string, low, high int) field {
	return func(path string, v any) {
		n, err := strconv.Atoi(fmt.Sprint(v))
		if err != nil || n < low || n > high {
			d.wrong(path, what, v)
			return
		}
		*dst = n
	}
}

func (d decoder) port(dst *int) field {
	return d.number(dst, "a port from 1 to 65535", 1, 65535)
}

func (d decoder) duration(dst *time.Duration) field {
	return func(path string, v any) {
		t, err := time.ParseDuration(fmt.Sprint(v))
		if err != nil || t <= 0 {
			d.wrong(path, `a duration such as "90s" or "10m"`, v)
			return
		}
		*dst = t
	}
}

func (d decoder) size(dst *int64) field {
	return func(path string, v any) {
		n, err := units.RAMInBytes(fmt.Sprint(v))
		if err != nil || n <= 0 {
			d.wrong(path, `a size such as "300m"`, v)
			return
		}
		*dst = n
	}
}

// env reads environment variables. Numbers and booleans are accepted, as Compose accepts them in a service's
// environment.
func (d decoder) env(dst *map[string]string) field {
	return func(path string, v any) {
		d.named(path, v, func(name, path string, v any) {
			switch v.(type) {
			case string, int, int64, uint64, float64, bool:
			default:
				d.wrong(path, "a string", v)
				return
			}
			if name == "" || strings.ContainsAny(name, "=\x00") {
				d.problems.add(path, "not a valid variable name", "")
				return
			}
			if *dst == nil {
				*dst = map[string]string{}
			}
			(*dst)[name] = fmt.Sprint(v)
		})
	}
}
