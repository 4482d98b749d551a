package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/command/completion"
	"github.com/docker/cli/cli/flags"
	"github.com/docker/cli/templates"
	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/internal/version"
)

func newVersionCommand(dockerCli command.Cli) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:               "version [OPTIONS]",
		Short:             "Show the version of docker bmo and of the engine it talks to",
		Args:              cli.NoArgs,
		RunE:              func(cmd *cobra.Command, _ []string) error { return runVersion(cmd.Context(), dockerCli, format) },
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.Flags().StringVarP(&format, "format", "f", "", flags.InspectFormatHelp)
	_ = cmd.RegisterFlagCompletionFunc("format", completion.FromList("json"))
	return cmd
}

// exitTemplate is docker's exit code for a template that cannot be parsed, in inspect and version.
const exitTemplate = 64

// versions is what `docker bmo version` shows.
type versions struct {
	Version, GoVersion, Platform string
	Engine                       *bmo.Info `json:",omitempty"`
}

func runVersion(ctx context.Context, dockerCli command.Cli, format string) error {
	v := versions{Version: version.Version, GoVersion: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	_, info, err := connect(ctx, dockerCli)
	if err == nil {
		v.Engine = &info
	}
	if ferr := printVersions(dockerCli.Out(), v, format); ferr != nil {
		return ferr
	}
	return err
}

// defaultVersions is the default format.
const defaultVersions = `docker bmo {{.Version}} ({{.GoVersion}}, {{.Platform}}){{with .Engine}}
engine {{.Version}} (API {{.APIVersion}}, {{.OS}}/{{.Arch}}, {{.Driver}}){{end}}`

func printVersions(w io.Writer, v versions, format string) error {
	switch format {
	case "":
		format = defaultVersions
	case "json":
		format = "{{json .}}"
	}
	t, err := templates.Parse(format)
	if err != nil {
		return cli.StatusError{StatusCode: exitTemplate, Status: "template parsing error: " + err.Error()}
	}
	var text bytes.Buffer
	if err := t.Execute(&text, v); err != nil {
		return templateError(err)
	}
	_, err = fmt.Fprintln(w, text.String())
	return err
}
