// Command docker-bmo is a Docker CLI plugin that keeps a bootstrapped application with its database as a snapshot and
// starts copies of it in seconds.
package main

import (
	"io"
	"log"
	"os"

	"github.com/docker/cli/cli-plugins/metadata"
	"github.com/docker/cli/cli-plugins/plugin"
	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/debug"
	"github.com/sirupsen/logrus"
	"go.opentelemetry.io/otel"

	"github.com/docker-bmo/docker-bmo/internal/version"
)

func main() {
	otel.SetErrorHandler(debug.OTELErrorHandler) // otherwise its errors go to standard error
	log.SetOutput(io.Discard)                    // as do those of BuildKit's HTTP/2 server when an ssh connection ends
	logrus.SetFormatter(libraryLog{})
	dockerCli, err := command.NewDockerCli()
	if err != nil {
		os.Exit(report(os.Stderr, err))
	}
	err = plugin.RunPlugin(dockerCli, newRootCommand(dockerCli), metadata.Metadata{
		SchemaVersion:    "0.1.0",
		Vendor:           "docker bmo",
		Version:          version.Version,
		ShortDescription: "Bootstrap an application and its database once, run copies in seconds",
	})
	if err != nil {
		os.Exit(report(dockerCli.Err(), misplacedFlag(err)))
	}
}
