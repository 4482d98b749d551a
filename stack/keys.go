package stack

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// answer is what becomes of a Compose key.
type answer int

const (
	// same: the key has Compose's meaning.
	same answer = iota
	// adapted: it has another meaning or no effect here, which a note says.
	adapted
	// refused: an application without it would be another one, and it cannot be had in an instance.
	refused
)

// rule is the answer to a key. The text says what is adapted, or why it is refused; the hint says what to do instead.
type rule struct {
	answer answer
	text   string
	hint   string
}

// anyName stands in a pattern for a name that the author chooses.
const anyName = "*"

const (
	noEffect      = "no effect"
	swarmOnly     = "no effect, as for `docker compose up`"
	flagInstead   = "no effect; use the flag "
	ownHost       = "an instance does not see the engine's host"
	ownNetwork    = "services reach one another by their names on the instance's own network; leave it out"
	windowsOnly   = "for Windows containers only"
	outside       = "an instance is complete in itself, so that many can run at once"
	projectFolder = "put the file or folder into the project and give its relative path, or leave it out"
)

// rules are the answers to Compose's keys, by pattern; a rule holds for all that is below it, too, unless that has a
// rule of its own. docs/stacks.md is made from it, and a test holds it to compose-go's own types.
var rules = map[string]rule{
	"name":     {},
	"services": {},
	"include":  {},
	"secrets":  {},
	"configs":  {},
	"volumes":  {adapted, "part of the snapshot; each instance has its own", ""},
	"networks": {adapted, "every instance has one network of its own, on which all names and aliases resolve", ""},
	"models":   {refused, "an instance has no model runner", "run the model in a service of its own"},
	"jobs":     {refused, "not supported", "a command that runs once is a step under x-bmo.bootstrap"},

	"volumes.*.external":    {refused, outside, "leave external out: the volume is filled by the bootstrap"},
	"volumes.*.driver":      {refused, outside, "leave it out: the content of a volume is part of the snapshot"},
	"volumes.*.driver_opts": {refused, outside, "leave it out: the content of a volume is part of the snapshot"},
	"networks.*.external":   {refused, outside, "leave it out: the services have a network in common"},
	"secrets.*.external":    {refused, "no one keeps it for an instance", "give a file or an environment variable"},
	"secrets.*.driver":      {refused, "no one keeps it for an instance", "give a file or an environment variable"},
	"configs.*.external":    {refused, "no one keeps it for an instance", "give a file, an environment variable or the content"},

	"services.*.attach":             {adapted, noEffect, ""},
	"services.*.container_name":     {adapted, "a further name of the service on its network", ""},
	"services.*.cpu_count":          {refused, windowsOnly, "use cpus"},
	"services.*.cpu_percent":        {refused, windowsOnly, "use cpus"},
	"services.*.credential_spec":    {refused, windowsOnly, ""},
	"services.*.isolation":          {refused, windowsOnly, ""},
	"services.*.develop":            {adapted, "no effect; build again: only what changed is done again", ""},
	"services.*.external_links":     {refused, outside, "make what is linked to a service of the stack"},
	"services.*.links":              {adapted, "the alias is a further name of the service on its network", ""},
	"services.*.models":             {refused, "an instance has no model runner", "run the model in a service of its own"},
	"services.*.networks":           {adapted, "every instance has one network of its own, on which all names and aliases resolve", ""},
	"services.*.network_mode":       {refused, ownHost, ownNetwork},
	"services.*.ports":              {adapted, "published on 127.0.0.1 under free numbers; the host's numbers of the file do not count", ""},
	"services.*.post_start":         {adapted, "a step at each start of an instance, as under x-bmo.start", ""},
	"services.*.pre_start":          {refused, "not supported", "a command that prepares the application is a step under x-bmo.bootstrap"},
	"services.*.pre_stop":           {adapted, "no effect: an instance is thrown away", ""},
	"services.*.provider":           {refused, "no container", "run what it provides in a service of its own"},
	"services.*.pull_policy":        {adapted, flagInstead + "--pull", ""},
	"services.*.pull_refresh_after": {adapted, flagInstead + "--pull", ""},
	"services.*.restart":            {adapted, "no effect once a service is ready", ""},
	"services.*.scale":              {adapted, "every service runs once in an instance", ""},
	"services.*.umask":              {refused, "engines cannot set it", "set it in the command"},
	"services.*.use_api_socket":     {refused, "the engine's socket gives access to the whole machine", "leave it out"},
	"services.*.volume_driver":      {refused, outside, "leave it out: the content of a volume is part of the snapshot"},
	"services.*.volumes":            {adapted, "the content of volumes, files and folders is part of the snapshot; writes do not reach the project", ""},

	"services.*.dockerfile": {refused, "obsolete", "use build.dockerfile"},
	"services.*.log_driver": {refused, "obsolete", "use logging.driver"},
	"services.*.log_opt":    {refused, "obsolete", "use logging.options"},
	"services.*.net":        {refused, "obsolete", "use networks"},

	"services.*.blkio_config":                   {},
	"services.*.blkio_config.device_read_bps":   {refused, ownHost, "leave it out"},
	"services.*.blkio_config.device_read_iops":  {refused, ownHost, "leave it out"},
	"services.*.blkio_config.device_write_bps":  {refused, ownHost, "leave it out"},
	"services.*.blkio_config.device_write_iops": {refused, ownHost, "leave it out"},
	"services.*.blkio_config.weight_device":     {refused, ownHost, "leave it out"},

	"services.*.depends_on.*.restart": {adapted, noEffect, ""},

	"services.*.deploy":                                          {},
	"services.*.deploy.mode":                                     {adapted, swarmOnly, ""},
	"services.*.deploy.replicas":                                 {adapted, "every service runs once in an instance", ""},
	"services.*.deploy.labels":                                   {adapted, swarmOnly, ""},
	"services.*.deploy.update_config":                            {adapted, swarmOnly, ""},
	"services.*.deploy.rollback_config":                          {adapted, swarmOnly, ""},
	"services.*.deploy.restart_policy":                           {adapted, "no effect once a service is ready", ""},
	"services.*.deploy.placement":                                {adapted, swarmOnly, ""},
	"services.*.deploy.endpoint_mode":                            {adapted, swarmOnly, ""},
	"services.*.deploy.resources.limits.devices":                 {adapted, swarmOnly, ""},
	"services.*.deploy.resources.limits.generic_resources":       {adapted, swarmOnly, ""},
	"services.*.deploy.resources.reservations.cpus":              {adapted, swarmOnly, ""},
	"services.*.deploy.resources.reservations.pids":              {adapted, swarmOnly, ""},
	"services.*.deploy.resources.reservations.generic_resources": {adapted, swarmOnly, ""},

	"services.*.build":                 {},
	"services.*.build.cache_from":      {adapted, flagInstead + "--cache-from", ""},
	"services.*.build.cache_to":        {adapted, flagInstead + "--cache-to", ""},
	"services.*.build.isolation":       {refused, windowsOnly, ""},
	"services.*.build.no_cache":        {adapted, flagInstead + "--no-cache", ""},
	"services.*.build.no_cache_filter": {adapted, flagInstead + "--no-cache", ""},
	"services.*.build.platforms":       {adapted, "an application runs on one platform; use the flag --platform", ""},
	"services.*.build.privileged":      {refused, "BuildKit has no such mode", "use entitlements: [security.insecure]"},
	"services.*.build.provenance":      {adapted, noEffect, ""},
	"services.*.build.pull":            {adapted, flagInstead + "--pull", ""},
	"services.*.build.sbom":            {adapted, noEffect, ""},
	"services.*.build.tags":            {adapted, "images are tagged docker-bmo/STACK-SERVICE", ""},
}

// samePatterns are the keys of a service that have Compose's meaning, with all that is below them.
var sameKeys = []string{
	"annotations", "cap_add", "cap_drop", "cgroup", "cgroup_parent", "command", "configs", "cpu_period", "cpu_quota",
	"cpu_rt_period", "cpu_rt_runtime", "cpu_shares", "cpus", "cpuset", "depends_on", "device_cgroup_rules", "devices",
	"dns", "dns_opt", "dns_search", "domainname", "entrypoint", "env_file", "environment", "expose", "extends",
	"extra_hosts", "gpus", "group_add", "healthcheck", "hostname", "image", "init", "ipc", "label_file", "labels",
	"logging", "mac_address", "mem_limit", "mem_reservation", "mem_swappiness", "memswap_limit", "oom_kill_disable",
	"oom_score_adj", "pid", "pids_limit", "platform", "privileged", "profiles", "read_only", "runtime", "secrets",
	"security_opt", "shm_size", "stdin_open", "stop_grace_period", "stop_signal", "storage_opt", "sysctls", "tmpfs",
	"tty", "ulimits", "user", "userns_mode", "uts", "volumes_from", "working_dir",
}

func init() {
	for _, key := range sameKeys {
		rules["services.*."+key] = rule{}
	}
}

// ruleOf returns the rule for a pattern: its own, else that of the next one above it. A name at the top of the file and
// a key of a service need a rule of their own.
func ruleOf(pattern string) (rule, string, bool) {
	for {
		if r, ok := rules[pattern]; ok {
			return r, pattern, true
		}
		at := strings.LastIndexByte(pattern, '.')
		if at < 0 {
			return rule{}, "", false
		}
		pattern = pattern[:at]
	}
}

// keysOf returns the keys that a file can have directly below a pattern.
func keysOf(pattern string) []string {
	keys := slices.DeleteFunc(composeKeys(pattern), func(key string) bool {
		r, _, known := ruleOf(join(pattern, key))
		return !known || r.answer == refused
	})
	if pattern == "" || pattern == "services."+anyName {
		keys = append(keys, extension)
	}
	return keys
}

// named are the patterns whose keys are names that the author chooses.
var named = map[string]bool{
	"services": true, "volumes": true, "networks": true, "secrets": true, "configs": true,
	"services.*.networks": true, "services.*.depends_on": true, "services.*.ulimits": true,
	"services.*.build.ulimits": true,
}

// checkKeys reports every key that is refused, and notes those that are adapted.
func (l *loading) checkKeys(model map[string]any) {
	l.walk("", "", model)
}

func (l *loading) walk(path, pattern string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			word := key
			if named[pattern] {
				word = anyName
			}
			l.checkKey(join(path, key), join(pattern, word), key, v[key])
		}
	case []any:
		for i, e := range v {
			l.walk(fmt.Sprintf("%s[%d]", path, i), pattern, e)
		}
	}
}

func (l *loading) checkKey(path, pattern, key string, v any) {
	if strings.HasPrefix(key, "x-") && !named[parent(pattern)] {
		l.checkExtension(path, pattern, key)
		return
	}
	r, at, known := ruleOf(pattern)
	switch {
	case isFalse(v):
	case !known || at == "services" && strings.Count(pattern, ".") > 1: // a key of a service has a rule of its own
		l.problems.add(path, "not supported", "")
		return
	case r.answer == refused && at == pattern:
		if !l.exempt(path, pattern, v) {
			l.refuse(path, pattern, r, v)
		}
		return
	case r.answer == adapted && at == pattern && !usual(pattern, v):
		l.note(pattern, path, r.text)
	}
	if line, ok := v.(string); ok && (pattern == "services.*.command" || pattern == "services.*.entrypoint") {
		if used := beforeOperator(line); used != line {
			l.note(pattern, path, fmt.Sprintf("cut at an operator of the shell, as Compose does: `%s` is `%s`", line, used))
		}
	}
	l.walk(path, pattern, v)
}

// refuse reports a key that is refused. A network mode has another reason when it names a service.
func (l *loading) refuse(path, pattern string, r rule, v any) {
	text, hint := r.text, r.hint
	if mode, _ := v.(string); pattern == "services.*.network_mode" && mode != "host" {
		text, hint = "services do not share a network interface", "leave it out: what is localhost there is reached by the other service's name"
	}
	l.problems.add(path, "not supported: "+text, hint)
}

// isFalse reports whether a value switches its key off: external: false.
func isFalse(v any) bool { return v == false || v == "false" }

// exempt reports whether a value of a key that is refused is what an instance has anyway, or is dealt with elsewhere.
func (l *loading) exempt(path, pattern string, v any) bool {
	switch pattern {
	case "volumes.*.driver", "services.*.volume_driver":
		return v == "local"
	case "volumes.*.driver_opts":
		m, _ := v.(map[string]any)
		return m["type"] == "tmpfs" || len(m) == 0
	case "services.*.isolation", "services.*.build.isolation":
		return v == "default"
	case "services.*.network_mode":
		if v == "none" {
			l.note(pattern, path, "the service is on the instance's network all the same")
		}
		return v == "bridge" || v == "default" || v == "none"
	}
	return false
}

// usual reports whether a value of a key that is adapted is what an instance has anyway, so that there is nothing to say.
func usual(pattern string, v any) bool {
	switch pattern {
	case "networks", "services.*.networks":
		m, _ := v.(map[string]any)
		_, own := m["default"]
		return own && len(m) == 1
	case "services.*.restart":
		return v == "no"
	case "services.*.scale", "services.*.deploy.replicas":
		return fmt.Sprint(v) == "1"
	}
	return false
}

// checkExtension reports an x- key that means ours but is misspelt or misplaced. Compose leaves the others to anyone,
// and they hold anchors.
func (l *loading) checkExtension(path, pattern, key string) {
	if key == extension && (pattern == extension || pattern == "services.*."+extension) {
		return
	}
	switch {
	case key == extension:
		l.problems.add(path, "not supported", "x-bmo belongs at the top of the file and in a service")
	case meansExtension(key):
		l.problems.add(path, "not supported", suggest("", key, []string{extension}))
	}
}

// meansExtension reports whether a key is x-bmo, possibly misspelt: one letter wrong, or the letters in another order.
func meansExtension(key string) bool {
	return levenshtein.Distance(key, extension, nil) <= 1 ||
		slices.Equal(slices.Sorted(slices.Values([]byte(key))), slices.Sorted(slices.Values([]byte(extension))))
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func parent(pattern string) string {
	return pattern[:max(0, strings.LastIndexByte(pattern, '.'))]
}
