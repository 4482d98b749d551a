package clidoc

import (
	"bytes"
	"fmt"
	"strings"
)

// Missing is a flag that docker users may look for and that does not exist.
type Missing struct {
	// Flag is its name, with its letter in front: "-t, --tag".
	Flag string
	// Of is a command that has it.
	Of string
	// Instead says why it does not exist, or what to use instead.
	Instead string
}

// missing are such flags of each command. Those that only set what the stack's own file says about a build or a
// container are left out: the file is the place for them.
var missing = map[string][]Missing{
	"build": {
		{"-t, --tag", "docker buildx build", "the images of a snapshot are tagged docker-bmo/STACK-SERVICE:KEY"},
		{"-o, --output", "docker buildx build", "a snapshot stays on the engine that made it; `docker bmo push` puts it into a registry, `docker bmo snapshot save` into a file"},
		{"--load", "docker buildx build", "a snapshot is on the engine already, there is nothing to load"},
		{"--target", "docker buildx build", "set build.target in the stack's file"},
	},
	"commit": {
		{"-a, --author", "docker commit", "a snapshot has no author"},
		{"-c, --change", "docker commit", "the images keep the configuration that they were built with"},
		{"-m, --message", "docker commit", "NAME says what a snapshot is for"},
		{"-p, --pause", "docker commit", "what holds data is stopped, the other services are always paused"},
	},
	"config": {
		{"--images", "docker compose config", "`docker bmo snapshot inspect` shows the images of a snapshot"},
	},
	"exec": {
		{"--index", "docker compose exec", "an instance has one container per service"},
	},
	"inspect": {
		{"-s, --size", "docker inspect", "`docker ps -s` shows the sizes of an instance's containers"},
		{"--type", "docker inspect", "use `docker bmo snapshot inspect` for snapshots and `docker inspect` for containers"},
	},
	"logs": {
		{"--details", "docker logs", "`docker logs --details` shows them for a container"},
	},
	"prune": {
		{"--volumes", "docker system prune", "instances have no volumes that outlive them"},
	},
	"ps": {
		{"-n, --last", "docker ps", "instances are listed newest first"},
		{"-l, --latest", "docker ps", "instances are listed newest first"},
		{"-s, --size", "docker ps", "`docker ps -s` shows the sizes of an instance's containers"},
	},
	"pull": {
		{"-a, --all-tags", "docker pull", "each snapshot is pulled by its key; `docker bmo snapshot ls --repository` lists them"},
		{"--platform", "docker pull", "a snapshot has the engine's own"},
	},
	"push": {
		{"-a, --all-tags", "docker push", "each snapshot is pushed by its key"},
		{"--platform", "docker push", "a snapshot has one"},
	},
	"reset": {
		{"-s, --signal", "docker restart", "what is thrown away is killed"},
		{"-t, --timeout", "docker restart", "what is thrown away is killed"},
	},
	"run": {
		{"--rm", "docker run", "an instance is always removed, when it ends or is stopped"},
		{"-i, --interactive", "docker run", "`docker bmo exec INSTANCE SERVICE sh` opens a shell in an instance"},
		{"-t, --tty", "docker run", "`docker bmo exec INSTANCE SERVICE sh` opens a shell in an instance"},
		{"-P, --publish-all", "docker run", "the application's port is always published; --publish adds others by name"},
		{"-v, --volume", "docker run", "an instance's data is in its containers, as in the snapshot"},
		{"-m, --memory", "docker run", "--flavor chooses between the limits that the stack's file sets with mem_limit"},
		{"--network", "docker run", "each instance has a network of its own"},
	},
	"snapshot load": {
		{"--platform", "docker load", "a snapshot has the engine's own"},
	},
	"snapshot ls": {
		{"--digests", "docker image ls", "--no-trunc shows whole keys"},
	},
	"snapshot rm": {
		{"-f, --force", "docker image rm", "a snapshot that an instance runs from cannot be removed until the instance is stopped"},
	},
	"snapshot save": {
		{"--platform", "docker save", "a snapshot has one"},
	},
	"stop": {
		{"-s, --signal", "docker stop", "set stop_signal in the stack's file"},
	},
}

// name is the flag without its letter and dashes.
func (m Missing) name() string { return m.Flag[strings.Index(m.Flag, "--")+2:] }

// letter is the flag's letter, or nothing.
func (m Missing) letter() string {
	if strings.HasPrefix(m.Flag, "--") {
		return ""
	}
	return m.Flag[1:2]
}

// Instead returns what to use instead of a command's missing flag, given by name or letter.
func Instead(command, flag string) (string, bool) {
	for _, m := range Table[command].Missing {
		if flag != "" && (flag == m.name() || flag == m.letter()) {
			return m.Instead, true
		}
	}
	return "", false
}

// describeMissing writes the table of a command's missing flags.
func describeMissing(b *bytes.Buffer, list []Missing) {
	if len(list) == 0 {
		return
	}
	b.WriteString("\n| not there | of | instead, or why |\n|---|---|---|\n")
	for _, m := range list {
		fmt.Fprintf(b, "| `%s` | `%s` | %s |\n", m.Flag, m.Of, escape(m.Instead))
	}
}
