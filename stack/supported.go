package stack

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// keys are the Compose keys that a stack may use. anyName matches keys that the author chooses; a key whose own keys
// are nil takes any value.
type keys map[string]keys

const anyName = "*"

// supported is everything that is done as Compose says. The rest is refused by name: a key that is silently ignored
// makes an application that differs from the one described.
var supported = keys{
	"name":    nil,
	extension: nil,
	"services": {anyName: {
		"image": nil,
		"build": {
			"context": nil, "dockerfile": nil, "dockerfile_inline": nil, "target": nil,
			"args": nil, "additional_contexts": nil,
		},
		"entrypoint": nil, "command": nil, "environment": nil,
		"env_file": {"path": nil, "required": nil},
		"user":     nil, "working_dir": nil, "hostname": nil,
		"depends_on": {anyName: {"condition": nil, "required": nil}},
		"networks":   {"default": {"aliases": nil}},
		"tmpfs":      nil, "mem_limit": nil, "shm_size": nil, "init": nil,
		"ulimits":     {anyName: {"soft": nil, "hard": nil}},
		"stop_signal": nil, "stop_grace_period": nil,
		extension: nil,
	}},
}

// instead says what to do instead of using a key that is not supported, by its pattern.
var instead = map[string]string{
	"configs":  "put the file into the image, or its values under environment",
	"secrets":  "give the value under environment; an environment never becomes part of a snapshot",
	"volumes":  "data is kept in the container itself, so that a snapshot includes it",
	"networks": "every instance has one network of its own; leave this out",
	"include":  "take a service from another file with extends",
	"jobs":     "a one-off command is a step under x-bmo.bootstrap",

	"services.*.volumes":          "copy what is needed into the image; use tmpfs for what is not to be kept",
	"services.*.volumes_from":     "copy what is needed into the image",
	"services.*.ports":            "the application's address is x-bmo.url; within an instance every port can be reached",
	"services.*.expose":           "within an instance every port can be reached; leave this out",
	"services.*.links":            "services reach one another by name; use networks.default.aliases for other names",
	"services.*.external_links":   "an instance reaches its own services only",
	"services.*.healthcheck":      "say under x-bmo.ready when the service is ready",
	"services.*.configs":          "put the file into the image, or its values under environment",
	"services.*.secrets":          "give the value under environment; an environment never becomes part of a snapshot",
	"services.*.deploy":           "use mem_limit for the memory; every service runs once per instance",
	"services.*.scale":            "every service runs once per instance",
	"services.*.profiles":         "every service of a stack is started; leave this out",
	"services.*.restart":          "an instance is over when one of its services ends; leave this out",
	"services.*.container_name":   "an instance names its own containers; use networks.default.aliases for a fixed name",
	"services.*.network_mode":     "every instance has one network of its own; leave this out",
	"services.*.networks.*":       "every instance has one network of its own, called default",
	"services.*.labels":           "labels mark what belongs to an instance; leave this out",
	"services.*.label_file":       "labels mark what belongs to an instance; leave this out",
	"services.*.pull_policy":      "use the flag --pull",
	"services.*.extra_hosts":      "give a service that name with networks.default.aliases",
	"services.*.develop":          "build again: only what changed is done again",
	"services.*.post_start":       "a command that prepares the application is a step under x-bmo.bootstrap",
	"services.*.pre_start":        "a command that prepares the application is a step under x-bmo.bootstrap",
	"services.*.pre_stop":         "use stop_signal and stop_grace_period",
	"services.*.build.cache_from": "use the flag --cache-from",
	"services.*.build.cache_to":   "use the flag --cache-to",
	"services.*.build.no_cache":   "use the flag --no-cache",
	"services.*.build.pull":       "use the flag --pull",
	"services.*.build.tags":       "images are tagged docker-bmo/STACK-SERVICE",
	"services.*.build.labels":     "use LABEL in the Dockerfile, or the flag --label",
	"services.*.build.platforms":  "an application runs on the engine's own platform; leave this out",
}

// checkSupported reports every key that is not supported, at any level.
func checkSupported(p *problems, model map[string]any) {
	walk(p, "", "", model, supported)
}

func walk(p *problems, path, pattern string, v any, known keys) {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			checkKey(p, path, pattern, key, v[key], known)
		}
	case []any:
		for i, e := range v {
			walk(p, fmt.Sprintf("%s[%d]", path, i), pattern, e, known)
		}
	}
}

func checkKey(p *problems, path, pattern, key string, v any, known keys) {
	below, ok := known[key]
	word := key
	if _, free := known[anyName]; free {
		below, ok, word = known[anyName], true, anyName
	}
	path, pattern = join(path, key), join(pattern, word)
	switch {
	case ok && below == nil:
	case ok:
		walk(p, path, pattern, v, below)
	case strings.HasPrefix(key, "x-") && !meansExtension(key):
		// Compose leaves these to others, and they hold anchors.
	default:
		p.add(path, "not supported", hintFor(pattern, key))
	}
}

// meansExtension reports whether a key is x-bmo, possibly misspelt: one letter wrong, or the letters in another order.
func meansExtension(key string) bool {
	return levenshtein.Distance(key, extension, nil) <= 1 ||
		slices.Equal(slices.Sorted(slices.Values([]byte(key))), slices.Sorted(slices.Values([]byte(extension))))
}

func hintFor(pattern, key string) string {
	switch hint, ok := instead[pattern]; {
	case ok:
		return hint
	case key == extension:
		return "x-bmo belongs at the top of the file and in a service"
	case meansExtension(key):
		return suggest("", key, []string{extension})
	case strings.HasPrefix(pattern, "services.*.networks."):
		return instead["services.*.networks.*"]
	}
	return ""
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
