package stack

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// keysDoc returns docs/compose.md: what becomes of each of Compose's keys, from the table that decides it.
func keysDoc() string {
	var b strings.Builder
	b.WriteString(keysIntro)
	b.WriteString("\n## The same as for Compose\n\n")
	b.WriteString("At the top of the file: " + code(answered("", same)) + ".\n\n")
	b.WriteString("Of a service: " + code(answered("services.*", same)) + ".\n\n")
	b.WriteString("Of its `build`: " + code(answered("services.*.build", same)) + ".\n\n")
	b.WriteString("Of its `deploy`: `resources.limits` (`cpus`, `memory`, `pids`), `resources.reservations` (`memory`, `devices`).\n")
	b.WriteString("\n## Adapted\n\n| key | here |\n|---|---|\n")
	for _, pattern := range withAnswer(adapted) {
		fmt.Fprintf(&b, "| `%s` | %s |\n", keyName(pattern), rules[pattern].text)
	}
	b.WriteString("\n## Refused\n\n| key | why | instead |\n|---|---|---|\n")
	for _, pattern := range withAnswer(refused) {
		r := rules[pattern]
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", keyName(pattern), r.text, r.hint)
	}
	b.WriteString(refusedValues)
	return b.String()
}

const keysIntro = `# Compose keys

What ` + "`docker compose up`" + ` takes is a stack. Each of Compose's keys has one of three answers: it means the same, it is
adapted to instances that start from a snapshot, many at once, or it is refused. ` + "`docker bmo config --notes`" + ` lists what is
adapted in a file, and what is refused is an error with the file, the line and what to do. Nothing is ignored in silence.

This page is written from the table that decides it (stack/keys.go).
`

const refusedValues = `
Some values of keys that are taken are refused, too: a bind mount of the engine's socket, or of a path of the machine that
exists (one that does not exist begins as an empty folder, as Compose would make it; ` + "`/etc/localtime` and `/dev/shm`" + ` are
left out, with a note); the namespaces of the host (` + "`pid`, `ipc`, `uts`, `cgroup`: `host`" + `) and of other containers; a
secret or a config that is not declared.
`

// answered returns the keys below a pattern that have an answer, sorted.
func answered(pattern string, a answer) (keys []string) {
	for _, key := range composeKeys(pattern) {
		if r, _, ok := ruleOf(join(pattern, key)); ok && r.answer == a {
			keys = append(keys, key)
		}
	}
	if pattern == "" && a == same {
		keys = append(keys, "include")
	}
	slices.Sort(keys)
	return keys
}

func withAnswer(a answer) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(rules)), func(p string) bool { return rules[p].answer != a })
}

// keyName returns a pattern as people write it.
func keyName(pattern string) string {
	name, ofService := strings.CutPrefix(pattern, "services.*.")
	if ofService {
		return strings.ReplaceAll(name, ".*", "")
	}
	return strings.ReplaceAll(pattern, ".*", ".NAME")
}

func code(keys []string) string { return "`" + strings.Join(keys, "`, `") + "`" }
