package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/command/completion"
	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/internal/printable"
	"github.com/docker-bmo/docker-bmo/stack"
)

type configOptions struct {
	stackOptions
	format, hash, output     string
	services, flavors, notes bool
	manifest                 bmo.ManifestOptions
}

func newConfigCommand(dockerCli command.Cli) *cobra.Command {
	var options configOptions
	cmd := &cobra.Command{
		Use:   "config [OPTIONS]",
		Short: "Parse, resolve and render a stack in canonical format",
		Long: `Parse, resolve and render a stack in canonical format.

The result is a stack again: variables are replaced, what was left out is said,
folders are absolute. The folders of a built-in stack are within the plugin.

With --format kubernetes it is the manifest of an instance, for those who apply
it themselves: what "docker bmo run -d --on kubernetes" makes, with the images of
the repository that --repository, DOCKER_BMO_REPOSITORY or the stack names.`,
		Args:              noStackArgument,
		RunE:              func(cmd *cobra.Command, _ []string) error { return runConfig(cmd.Context(), dockerCli, options) },
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags := cmd.Flags()
	options.addStackFlags(flags)
	options.addEnvFileFlag(flags)
	options.complete(cmd)
	flags.BoolVar(&options.flavors, "flavors", false, "Print the flavor names, one per line")
	flags.StringVar(&options.format, "format", "yaml", "Format the output. Values: [yaml | json | kubernetes]")
	flags.StringVar(&options.hash, "hash", "", `Print the service config hash, one per line ("*" for all services)`)
	flags.StringVarP(&options.output, "output", "o", "", "Save to file (default to stdout)")
	flags.BoolVar(&options.notes, "notes", false, "Print what the Compose files mean here otherwise than for Compose")
	flags.BoolVarP(&options.quiet, "quiet", "q", false, "Only validate the configuration, don't print anything")
	flags.BoolVar(&options.services, "services", false, "Print the service names, one per line")
	_ = cmd.RegisterFlagCompletionFunc("hash", options.completeServiceNames)
	_ = cmd.RegisterFlagCompletionFunc("format", completion.FromList("yaml", "json", formatKubernetes))
	options.addManifestFlags(cmd)
	return cmd
}

// formatKubernetes is the format of a manifest.
const formatKubernetes = "kubernetes"

// addManifestFlags adds the flags that say which instance a manifest is of.
func (o *configOptions) addManifestFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.manifest.Flavor, "flavor", "", `Flavor of the manifest (e.g., "low", "regular")`)
	flags.StringVar(&o.manifest.Name, "name", "", "Name of the manifest's instance (default the stack's)")
	flags.StringVar(&o.manifest.Repository, "repository", "", "Repository that the manifest's images are in")
	flags.StringVar(&o.manifest.ServiceType, "service-type", "", `Service of the manifest ("ClusterIP", "NodePort", "LoadBalancer")`)
	flags.StringVar(&o.manifest.Snapshot, "snapshot", "", "Snapshot of the manifest, by its key in the repository (default the one of the stack's inputs)")
	_ = cmd.RegisterFlagCompletionFunc("flavor", o.completeFlavors)
	_ = cmd.RegisterFlagCompletionFunc("service-type", completion.FromList(bmo.ServiceTypes()...))
}

// checkManifest refuses flags of a manifest for anything else.
func (o configOptions) checkManifest() error {
	if o.manifest == (bmo.ManifestOptions{}) || o.format == formatKubernetes {
		return nil
	}
	return errors.New("--flavor, --name, --repository, --service-type and --snapshot are for --format kubernetes")
}

// renderManifest returns the manifest, after it has said what that leaves to the user.
func renderManifest(ctx context.Context, dockerCli command.Cli, o configOptions, st *stack.Stack) ([]byte, error) {
	c, err := unconnected(dockerCli)
	if err != nil {
		return nil, err
	}
	o.manifest.Repository = namedRepository(o.manifest.Repository)
	text, notes, err := c.Manifest(ctx, st, o.manifest)
	for _, n := range notes {
		fmt.Fprintln(dockerCli.Err(), "note: "+printable.Text(n))
	}
	return text, err
}

func runConfig(ctx context.Context, dockerCli command.Cli, options configOptions) error {
	if err := options.checkManifest(); err != nil {
		return err
	}
	st, err := options.load(ctx)
	if err != nil {
		return err
	}
	options.say(dockerCli, st)
	if err := st.CheckURL(); err != nil && options.format != formatKubernetes {
		warn(dockerCli.Err(), err)
	}
	var text []byte
	if options.format == formatKubernetes {
		text, err = renderManifest(ctx, dockerCli, options, st)
	} else {
		text, err = options.render(st)
	}
	switch {
	case err != nil || options.quiet:
		return err
	case options.output != "":
		if err := os.WriteFile(options.output, text, 0o666); err != nil {
			return fmt.Errorf("--output: %w", err)
		}
		return nil
	default:
		_, err = dockerCli.Out().Write(text)
		return err
	}
}

// render returns the form of the stack that the options ask for.
func (o configOptions) render(st *stack.Stack) ([]byte, error) {
	switch {
	case o.services:
		return lines(st.ServiceNames()), nil
	case o.flavors:
		return lines(st.Flavors()), nil
	case o.notes && o.format == "json":
		return json.MarshalIndent(st.Notes, "", "  ")
	case o.notes:
		return notes(st), nil
	case o.hash != "":
		return hashes(st, o.hash)
	case o.format == "yaml":
		return st.YAML()
	case o.format == "json":
		return st.JSON()
	default:
		return nil, fmt.Errorf("--format %s: want yaml, json or kubernetes", o.format)
	}
}

// notes returns the notes of a stack with the places that they hold for.
func notes(st *stack.Stack) []byte {
	var b bytes.Buffer
	for _, n := range st.Notes {
		fmt.Fprintf(&b, "%s\n    %s\n", n, strings.Join(n.At, ", "))
	}
	return b.Bytes()
}

// hashes returns the hashes of services, separated by commas, or of all services for "*".
func hashes(st *stack.Stack, which string) ([]byte, error) {
	var out []string
	for _, s := range st.Services {
		if which != "*" && !slices.Contains(strings.Split(which, ","), s.Name) {
			continue
		}
		hash, err := st.Hash(s)
		if err != nil {
			return nil, err
		}
		out = append(out, s.Name+" "+hash)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("--hash %s: stack %s has no such service", which, st.Name)
	}
	return lines(slices.Sorted(slices.Values(out))), nil
}

func lines(list []string) []byte { return []byte(strings.Join(list, "\n") + "\n") }
