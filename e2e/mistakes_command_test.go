package e2e

import (
	"path/filepath"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// says makes a row of a command without a stack of its own.
func says(name string, args ...string) mistake {
	return mistake{name, func(m *try) { m.bmo(args...) }}
}

// onShop makes a row of a command on a stack whose snapshot is there.
func onShop(name, verb string, args ...string) mistake {
	return mistake{name, func(m *try) { m.on(m.shop, verb, args...) }}
}

var commandMistakes = []mistake{
	says("A misspelt command", "biuld"),
	says("A flag that is none", "ps", "--nonsense"),
	says("A command's flag in front of it", "--stack", "demo", "build"),
	says("A stack without its flag", "build", "demo"),
	says("A folder as for docker build", "build", "."),
	says("A test command without its dashes", "run", "--stack", "demo", "prove", "-r", "t/"),
	says("No number where one is wanted", "run", "-n", "x"),
	says("No instance at all", "run", "-n", "0"),
	says("A test command in the background", "run", "-d", "--", "prove", "-r", "t/"),
	says("Building and not building", "run", "--no-build", "--pull"),
	says("A database that is none of the two", "build", "--db", "postgres"),
	says("A variable without a value", "build", "--stack", "demo", "--set", "MYSQL_IMAGE"),
	says("A variable that the stack does not have", "build", "--stack", "bmo", "--set", "MYSQL_IMGAE=mysql:8.4"),
	says("A build context without its folder", "build", "--stack", "demo", "--build-context", "app"),
	says("A format with a field that is none", "run", "--stack", "demo", "-d", "--format", "{{.Address}}"),
	says("A display that is none", "build", "--stack", "demo", "--progress", "loud"),
	says("A platform that the engine does not have", "build", "--stack", "demo", "--platform", "windows/386"),
	says("A label of ours", "build", "--stack", "demo", "--label", "docker-bmo.key=mine"),
	says("A flavor that is none", "run", "--stack", "demo", "--flavor", "huge"),
	says("A port for everybody", "run", "--stack", "demo", "-p", "0.0.0.0:80:8000"),
	says("A port of a service that is none", "run", "--stack", "demo", "-p", "nope:80"),
	says("A name that is none", "run", "--stack", "demo", "--name", "my shop"),
	{"A file in a folder that is not there", func(m *try) {
		m.on(m.shop, "build", "--iidfile", filepath.Join(harness.Suite.Dir, "nowhere", "key"))
	}},
}
