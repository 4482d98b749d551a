package clidoc

import (
	"bytes"
	"fmt"
	"strings"
)

// Missing is a flag that docker users may look for and that is not there.
type Missing struct {
	// Flag is its name, with its letter in front: "-t, --tag".
	Flag string
	// Of is a command that has it.
	Of string
	// Instead says why it is not there, or what to do.
	Instead string
}

// missing are such flags of each command. Those that only give a build or a container what a stack says of itself are
// left out: the stack's file is the place for them.
var missing = map[string][]Missing{
	"build": {
		{"-f, --file", "docker buildx build", "a stack is named by --stack, and its Compose file names its Dockerfiles"},
		{"-t, --tag", "docker buildx build", "the images of a snapshot are tagged docker-bmo/STACK-SERVICE:KEY"},
		{"-o, --output", "docker buildx build", "a snapshot stays on the engine that made it"},
		{"--load", "docker buildx build", "a snapshot is on the engine, there is nothing to load"},
		{"--push", "docker buildx build", "a snapshot stays on the engine that made it"},
		{"--target", "docker buildx build", "the stack's file has it under build.target"},
	},
	"config": {
		{"--images", "docker compose config", "`docker bmo snapshot inspect` shows the images of a snapshot"},
	},
	"exec": {
		{"--index", "docker compose exec", "an instance has one container of a service"},
	},
	"inspect": {
		{"-s, --size", "docker inspect", "`docker ps -s` shows the sizes of an instance's containers"},
		{"--type", "docker inspect", "snapshots have `docker bmo snapshot inspect`, containers `docker inspect`"},
	},
	"logs": {
		{"--details", "docker logs", "`docker logs --details` shows them of a container"},
		{"--no-color", "docker compose logs", "there are no colors in logs"},
	},
	"prune": {
		{"--volumes", "docker system prune", "instances have no volumes that outlive them"},
	},
	"ps": {
		{"-n, --last", "docker ps", "instances are listed newest first"},
		{"-l, --latest", "docker ps", "instances are listed newest first"},
		{"-s, --size", "docker ps", "`docker ps -s` shows the sizes of an instance's containers"},
	},
	"run": {
		{"--rm", "docker run", "an instance is always removed, when it ends or is stopped"},
		{"-i, --interactive", "docker run", "`docker bmo exec INSTANCE SERVICE sh` opens a shell in an instance"},
		{"-t, --tty", "docker run", "`docker bmo exec INSTANCE SERVICE sh` opens a shell in an instance"},
		{"-P, --publish-all", "docker run", "the application's port is published anyway, --publish adds others by name"},
		{"-v, --volume", "docker run", "an instance's data lies in its containers, as in the snapshot"},
		{"-m, --memory", "docker run", "--flavor chooses between the limits that the stack's file has as mem_limit"},
		{"--network", "docker run", "each instance has a network of its own"},
	},
	"snapshot ls": {
		{"-a, --all", "docker image ls", "all snapshots are listed"},
		{"--digests", "docker image ls", "--no-trunc shows whole keys"},
	},
	"snapshot rm": {
		{"-f, --force", "docker image rm", "a snapshot that an instance runs from stays until that is stopped"},
	},
	"stop": {
		{"-s, --signal", "docker stop", "the stack's file has it as stop_signal"},
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

// Instead says what there is in the place of a command's missing flag, given by name or letter.
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
