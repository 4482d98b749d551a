package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/command/completion"
	"github.com/morikuni/aec"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/docker-bmo/docker-bmo/bmo"
)

type logsOptions struct {
	bmo.LogOptions
	on                                  onFlag
	last, timestamps, noPrefix, noColor bool
	format                              string
}

func newLogsCommand(dockerCli command.Cli) *cobra.Command {
	var options logsOptions
	cmd := &cobra.Command{
		Use:   "logs [OPTIONS] INSTANCE|SNAPSHOT [SERVICE...]",
		Short: "View output from an instance, or from how a snapshot was made",
		Long: `View output from an instance, or from how a snapshot was made.

The instance may be gone, and the making of the snapshot may have failed:
"docker bmo events" and "docker bmo report" show what else is known of it.`,
		Args: nameOrLast(&options.last),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, services := splitName(options.last, args)
			return runLogs(cmd.Context(), dockerCli, options, name, services)
		},
		ValidArgsFunction: completeInstanceServices(dockerCli, 0),
	}
	options.on.add(cmd)
	flags := cmd.Flags()
	addRecordFlags(flags, &options.LogOptions, &options.last, "logs")
	flags.StringVar(&options.format, "format", "", `Format output: "json" prints one JSON object a line`)
	flags.BoolVar(&options.noColor, "no-color", false, "Produce monochrome output")
	flags.BoolVar(&options.noPrefix, "no-log-prefix", false, "Don't print prefix in logs")
	flags.StringVarP(&options.Tail, "tail", "n", "all", "Number of lines to show from the end of the logs for each service")
	flags.BoolVarP(&options.timestamps, "timestamps", "t", false, "Show timestamps")
	_ = cmd.RegisterFlagCompletionFunc("format", completion.FromList("json"))
	return cmd
}

// addRecordFlags adds the flags that all commands have that show part of a record.
func addRecordFlags(flags *pflag.FlagSet, o *bmo.LogOptions, last *bool, what string) {
	flags.BoolVarP(&o.Follow, "follow", "f", false, map[string]string{"logs": "Follow log output", "events": "Follow what happens"}[what])
	flags.BoolVar(last, "last", false, "Take what was recorded last, in place of a name")
	flags.StringVar(&o.Since, "since", "", "Show "+what+` since timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)`)
	flags.StringVar(&o.Until, "until", "", "Show "+what+` before a timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)`)
}

// nameOrLast requires a name, unless the flag --last is set in its place.
func nameOrLast(last *bool) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if *last {
			return nil
		}
		return cli.RequiresMinArgs(1)(cmd, args)
	}
}

// splitName returns the name, empty for --last, and what follows it.
func splitName(last bool, args []string) (string, []string) {
	if last {
		return "", args
	}
	return args[0], args[1:]
}

func runLogs(ctx context.Context, dockerCli command.Cli, options logsOptions, name string, services []string) error {
	if options.format != "" && options.format != "json" {
		return fmt.Errorf("--format %s: want json", options.format)
	}
	c, err := options.on.unconnected(dockerCli)
	if err != nil {
		return err
	}
	p := logPrinter{
		logsOptions: options, out: bufio.NewWriter(dockerCli.Out()), errOut: bufio.NewWriter(dockerCli.Err()),
		colored: !options.noColor && dockerCli.Out().IsTerminal() && os.Getenv("NO_COLOR") == "",
	}
	options.Begin = func(known []string) {
		p.services = known
		if len(services) > 0 {
			known = services
		}
		p.width = widest(known)
	}
	ctx, p.stop = context.WithCancel(ctx)
	defer p.stop()
	err = c.Logs(ctx, name, services, options.LogOptions, p.print)
	p.flush()
	if p.failed != nil {
		return p.failed
	}
	return err
}

// widest returns the length of the longest name.
func widest(names []string) int {
	width := 0
	for _, name := range names {
		width = max(width, len(name))
	}
	return width
}

// logPrinter prints lines as `docker compose logs` does.
type logPrinter struct {
	logsOptions
	out, errOut *bufio.Writer
	services    []string
	width       int
	colored     bool
	// open is the line that the next one may continue.
	open bmo.LogLine
	// failed is why what is printed cannot be written, and stop, if not nil, ends what asks for more of it.
	failed error
	stop   func()
}

// logObject is a line in JSON.
type logObject struct {
	Time    time.Time
	Service string
	Stream  string
	Text    string
	More    bool `json:",omitempty"`
}

func (p *logPrinter) print(l bmo.LogLine) {
	if p.format == "json" {
		o := logObject{l.Time, l.Source, "stdout", l.Text, l.More}
		if l.Stderr {
			o.Stream = "stderr"
		}
		b, _ := json.Marshal(o) // never fails for such a type
		fmt.Fprintln(p.out, string(b))
		if p.Follow {
			p.flush()
		}
		return
	}
	before := p.open
	p.open = l
	if before.Stderr != l.Stderr {
		p.flush() // both may be one terminal
	}
	w, text := p.writer(l), l.Text
	switch {
	case !before.More:
		text = p.line(l)
	case before.Source != l.Source || before.Stderr != l.Stderr:
		fmt.Fprintln(p.writer(before))
		p.flush()
		text = p.line(l)
	}
	fmt.Fprint(w, text)
	if !l.More {
		fmt.Fprintln(w)
	}
	if p.Follow {
		p.flush()
	}
}

// flush writes what is held back.
func (p *logPrinter) flush() {
	p.failed = errors.Join(p.out.Flush(), p.errOut.Flush())
	if p.failed != nil && p.stop != nil {
		p.stop()
	}
}

func (p *logPrinter) writer(l bmo.LogLine) io.Writer {
	if l.Stderr {
		return p.errOut
	}
	return p.out
}

// serviceColors are those of the services' names, in turns.
var serviceColors = []aec.ANSI{aec.CyanF, aec.YellowF, aec.GreenF, aec.MagentaF, aec.BlueF, aec.LightCyanF, aec.LightYellowF, aec.LightGreenF}

// line returns a line after the name of its service, padded to one width.
func (p *logPrinter) line(l bmo.LogLine) string {
	text := l.Text
	if p.timestamps {
		text = l.Time.Format(time.RFC3339Nano) + " " + text
	}
	if p.noPrefix {
		return text
	}
	return namePrefix(l.Source, max(slices.Index(p.services, l.Source), 0), p.width, p.colored) + text
}

// namePrefix is what stands before the lines of the ith of several, padded to one width.
func namePrefix(name string, i, width int, colored bool) string {
	prefix := fmt.Sprintf("%-*s | ", width, name)
	if colored {
		prefix = serviceColors[i%len(serviceColors)].Apply(prefix)
	}
	return prefix
}
