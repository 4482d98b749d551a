package stack

import (
	"path/filepath"
	"regexp"
	"strings"
)

var (
	// unknownProperty and unknownTop match what the schema says about a key that Compose does not know.
	unknownProperty = regexp.MustCompile(`^(\S+) false schema$`)
	unknownTop      = regexp.MustCompile(`^(\S*) ?additional properties '([^']+)'.* not allowed$`)
	inService       = regexp.MustCompile(`^'services\[([^]]+)\]\.([^']+)' (.*)$`)
	atPath          = regexp.MustCompile(`^((?:services|x-bmo|name)\S*) (.*)$`)
)

// addCompose adds what compose-go says about the file called name, reworded where its own words are hard to understand.
func (p *problems) addCompose(err error, name, workingDir string) {
	text := strings.ReplaceAll(err.Error(), workingDir+string(filepath.Separator), "")
	for _, called := range []string{name, filepath.Base(name)} { // a path within the working folder was cut above
		text = strings.TrimPrefix(text, "validating "+called+": ")
		text = strings.TrimPrefix(text, "failed to parse "+called+": ")
	}
	list, many := strings.CutPrefix(text, "decoding failed due to the following error(s):\n\n")
	if !many {
		p.addComposeLine(strings.Join(strings.Fields(text), " "))
		return
	}
	for line := range strings.Lines(list) {
		p.addComposeLine(strings.TrimSpace(line))
	}
}

func (p *problems) addComposeLine(text string) {
	if m := unknownProperty.FindStringSubmatch(text); m != nil {
		p.unknown(m[1])
		return
	}
	if m := unknownTop.FindStringSubmatch(text); m != nil {
		p.unknown(strings.TrimPrefix(m[1]+"."+m[2], "."))
		return
	}
	if m := inService.FindStringSubmatch(text); m != nil {
		p.add("services."+m[1]+"."+m[2], m[3], "")
		return
	}
	if m := atPath.FindStringSubmatch(text); m != nil {
		p.add(m[1], m[2], "")
		return
	}
	p.add("", text, "")
}

// unknown adds a key that Compose does not know, and suggests one that is supported.
func (p *problems) unknown(path string) {
	parts := strings.Split(path, ".")
	last := len(parts) - 1
	pattern := ""
	for _, part := range parts[:last] {
		if named[pattern] {
			part = anyName
		}
		pattern = join(pattern, part)
	}
	p.add(path, "unknown key", suggest("known keys", parts[last], keysOf(pattern)))
}
