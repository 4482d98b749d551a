package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/command/completion"
	"github.com/docker/cli/opts"
	"github.com/docker/cli/templates"
	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/internal/printable"
)

type eventsOptions struct {
	bmo.LogOptions
	on     onFlag
	last   bool
	filter opts.FilterOpt
	format string
}

func newEventsCommand(dockerCli command.Cli) *cobra.Command {
	options := eventsOptions{filter: opts.NewFilterOpt()}
	cmd := &cobra.Command{
		Use:   "events [OPTIONS] INSTANCE|SNAPSHOT",
		Short: "Show what happened to an instance, or while a snapshot was made",
		Long: `Show what happened to an instance, or while a snapshot was made: what the engine
did to the containers (with signals and exit codes), the steps of docker bmo
and what came of its probes. The instance may be gone, and the making of the
snapshot may have failed.`,
		Example: `  docker bmo events shop
  docker bmo events --filter type=container --filter event=die shop
  docker bmo events --last --format json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if options.last {
				return cli.NoArgs(cmd, args)
			}
			return cli.ExactArgs(1)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			name, _ := splitName(options.last, args)
			return runEvents(cmd.Context(), dockerCli, options, name)
		},
		ValidArgsFunction: completeRecorded(dockerCli),
	}
	options.on.add(cmd)
	flags := cmd.Flags()
	addRecordFlags(flags, &options.LogOptions, &options.last, "events")
	flags.Var(&options.filter, "filter", "Filter output based on conditions provided (type, event, service, container)")
	flags.StringVar(&options.format, "format", "", `Format output using a custom template:
'json':             Print in JSON format
'TEMPLATE':         Print output using the given Go template.
Refer to https://docs.docker.com/go/formatting/ for more information about formatting output with templates`)
	flags.StringVarP(&options.Tail, "tail", "n", "all", "Number of events to show from the end")
	_ = cmd.RegisterFlagCompletionFunc("format", completion.FromList("json"))
	return cmd
}

func runEvents(ctx context.Context, dockerCli command.Cli, options eventsOptions, name string) error {
	o := bmo.EventOptions{LogOptions: options.LogOptions, Filters: map[string][]string{}}
	for _, key := range options.filter.Value().Keys() {
		o.Filters[key] = options.filter.Value().Get(key)
	}
	if err := bmo.CheckEventFilters(o.Filters); err != nil {
		return err
	}
	show, err := eventPrinter(dockerCli, options.format)
	if err != nil {
		return err
	}
	c, err := options.on.unconnected(dockerCli)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var failed error
	err = c.Events(ctx, name, o, func(e bmo.Event) {
		if failed == nil {
			failed = show(e)
		}
		if failed != nil {
			stop()
		}
	})
	if failed != nil {
		return failed
	}
	return err
}

// eventPrinter returns what prints an event as `docker events` does.
func eventPrinter(dockerCli command.Cli, format string) (func(bmo.Event) error, error) {
	switch format {
	case "":
		return func(e bmo.Event) error {
			_, err := fmt.Fprintln(dockerCli.Out(), eventLine(e))
			return err
		}, nil
	case "json":
		return func(e bmo.Event) error {
			b, _ := json.Marshal(e) // never fails for such a type
			_, err := fmt.Fprintln(dockerCli.Out(), string(b))
			return err
		}, nil
	}
	t, err := templates.Parse(format)
	if err != nil {
		return nil, fmt.Errorf("--format: template parsing error: %w", err)
	}
	if err := checkTemplate(t, bmo.Event{}); err != nil {
		return nil, err
	}
	return func(e bmo.Event) error {
		var line strings.Builder
		if err := t.Execute(&line, e); err != nil {
			return templateError(err)
		}
		_, err := fmt.Fprintln(dockerCli.Out(), line.String())
		return err
	}, nil
}

// eventTime is how docker prints the time of an event.
const eventTime = "2006-01-02T15:04:05.000000000Z07:00"

// eventLine returns an event in docker's form: TIME TYPE ACTION ACTOR (KEY=VALUE, ...).
func eventLine(e bmo.Event) string {
	var attributes []string
	if e.Service != "" && e.Service != e.Actor {
		attributes = append(attributes, "service="+e.Service)
	}
	for _, k := range slices.Sorted(maps.Keys(e.Attributes)) {
		attributes = append(attributes, k+"="+e.Attributes[k])
	}
	words := []string{e.Time.In(time.Local).Format(eventTime), e.Type, e.Action}
	if e.Actor != "" {
		words = append(words, e.Actor)
	}
	if len(attributes) > 0 {
		words = append(words, "("+strings.Join(attributes, ", ")+")")
	}
	return printable.Text(strings.Join(words, " "))
}
