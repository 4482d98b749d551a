package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/command/completion"
	"github.com/docker/cli/opts"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/internal/printable"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/stack"
)

// stackOptions are the flags that select a snapshot; build and run share them.
type stackOptions struct {
	stacks, profiles         []string
	envFiles                 []string
	source                   string
	set                      []string
	db                       database
	buildContexts, buildArgs []string
	secrets, ssh             []string
	noCache, pull, quiet     bool
	fromNearest              bool
	progress                 string
	repository, verify, sign string
	attests                  []string
	provenance, sbom         string
	platform                 string
	messages                 *messages // of the client, when there is one
	resultOptions
}

// resultOptions are flags of build only, which do not influence the snapshot's key.
type resultOptions struct {
	labels, cacheFrom, cacheTo []string
}

// addStackFlags adds the flags that select the stack.
func (o *stackOptions) addStackFlags(flags *pflag.FlagSet) {
	flags.StringArrayVarP(&o.stacks, "stack", "f", nil, `Stack to use: a built-in one or Compose configuration files`)
	flags.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "file" { // Compose's name of it
			name = "stack"
		}
		return pflag.NormalizedName(name)
	})
	flags.StringArrayVar(&o.profiles, "profile", nil, `Specify a profile to enable`)
	flags.StringArrayVar(&o.set, "set", nil, `Set a variable of the stack's Compose file ("KEY=VALUE")`)
	flags.Var(&o.db, "db", `Database of the stack ("mysql", "mariadb"), same as --set DB=DATABASE`)
}

// addFlags adds those and the flags that determine how its snapshot is made.
func (o *stackOptions) addFlags(flags *pflag.FlagSet) {
	o.addStackFlags(flags)
	flags.StringVar(&o.source, "source", "", `Source tree of the application: a folder or GIT-URL#REF`)
	flags.StringArrayVar(&o.buildContexts, "build-context", nil, `Additional build contexts (e.g., name=path)`)
	flags.StringArrayVar(&o.buildArgs, "build-arg", nil, `Set build-time variables`)
	flags.StringArrayVar(&o.secrets, "secret", nil, `Secret to expose to the build (format: "id=mysecret[,src=/local/secret]")`)
	flags.StringArrayVar(&o.ssh, "ssh", nil, `SSH agent socket or keys to expose to the build (format: "default|<id>[=<socket>|<key>[,<key>]]")`)
	flags.BoolVar(&o.noCache, "no-cache", false, `Do not use cache when building the images, and bootstrap again`)
	flags.BoolVar(&o.fromNearest, "from-nearest", false, `Bootstrap from the nearest snapshot or checkpoint, although its inputs differ`)
	flags.BoolVar(&o.pull, "pull", false, `Always attempt to pull all referenced images`)
	flags.StringVar(&o.platform, "platform", "", `Set platform: the engine's own or one that its machine emulates`)
	flags.StringVar(&o.repository, "repository", "", `Repository to take a missing snapshot from (e.g., "registry.example/team/shop")`)
	o.addVerifyFlag(flags)
	o.addProgressFlags(flags)
}

// addProgressFlags adds the flags that say what is shown of the work.
func (o *stackOptions) addProgressFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.progress, "progress", "auto", `Set type of progress output ("auto", "plain", "tty", "quiet", "rawjson")`)
	flags.BoolVarP(&o.quiet, "quiet", "q", false, `Suppress progress and print the identifier only`)
}

// addEnvFileFlag adds Compose's --env-file, to commands that have no other flag of that name.
func (o *stackOptions) addEnvFileFlag(flags *pflag.FlagSet) {
	flags.StringArrayVar(&o.envFiles, "env-file", nil, `Specify an alternate environment file`)
}

// complete adds shell completion to those of the flags that the command has.
func (o *stackOptions) complete(cmd *cobra.Command) {
	for flag, complete := range map[string]cobra.CompletionFunc{
		"stack": completeStacks, "profile": cobra.NoFileCompletions, "set": cobra.NoFileCompletions, "db": completion.FromList(bmo.Databases()...),
		"progress":  completion.FromList("auto", "plain", "tty", "quiet", "rawjson"),
		"build-arg": completion.EnvVarNames,
	} {
		if cmd.Flags().Lookup(flag) != nil {
			_ = cmd.RegisterFlagCompletionFunc(flag, complete)
		}
	}
}

// addResultFlags adds the flags of build only.
func (o *resultOptions) addResultFlags(flags *pflag.FlagSet) {
	flags.StringArrayVar(&o.labels, "label", nil, `Set metadata for the snapshot's images`)
	flags.StringArrayVar(&o.cacheFrom, "cache-from", nil, `External cache sources (e.g., "user/app:cache", "type=local,src=path/to/dir")`)
	flags.StringArrayVar(&o.cacheTo, "cache-to", nil, `Cache export destinations (e.g., "user/app:cache", "type=local,dest=path/to/dir")`)
}

// mode returns the progress mode that quiet and progress together ask for; if they do not decide, BUILDKIT_PROGRESS
// does, as in buildx and compose.
func (o *stackOptions) mode() string {
	switch env := os.Getenv("BUILDKIT_PROGRESS"); {
	case o.quiet:
		return "quiet"
	case o.progress == "auto" && env != "":
		return env
	}
	return o.progress
}

// saysWhich reports whether flags or the environment say which stack is meant, or with which variables.
func (o *stackOptions) saysWhich() bool {
	return len(o.stacks)+len(o.set)+len(o.profiles)+len(o.envFiles)+len(o.db.words()) > 0 || o.source != "" || os.Getenv("COMPOSE_FILE") != ""
}

// load loads the stack.
func (o *stackOptions) load(ctx context.Context) (*stack.Stack, error) {
	set, err := keyValues("--set", "KEY=VALUE", append(o.set, o.db.words()...))
	if err != nil {
		return nil, err
	}
	how := bmo.StackOptions{Set: set, Environ: os.Environ(), Profiles: o.profiles, EnvFiles: o.envFiles, Source: o.source}
	if env := os.Getenv("COMPOSE_ENV_FILES"); env != "" && len(how.EnvFiles) == 0 {
		how.EnvFiles = strings.Split(env, ",")
	}
	stacks := o.stacks
	if env := os.Getenv("COMPOSE_FILE"); env != "" && len(stacks) == 0 && o.source == "" {
		stacks = strings.Split(env, cmp.Or(os.Getenv("COMPOSE_PATH_SEPARATOR"), string(os.PathListSeparator)))
	}
	if len(stacks) == 0 {
		return bmo.LoadStack(ctx, "", how)
	}
	how.Files = stacks[1:]
	return bmo.LoadStack(ctx, stacks[0], how)
}

// say prints what Compose would warn of, and which stack was chosen when none was named.
func (o *stackOptions) say(dockerCli command.Cli, st *stack.Stack) {
	for _, w := range st.Warnings {
		fmt.Fprintln(dockerCli.Err(), "warning: "+printable.Text(w))
	}
	if o.quiet || len(o.stacks) > 0 {
		return
	}
	where := "built in"
	if st.Dir != "" {
		where = strings.Join(st.Files, ", ")
	}
	fmt.Fprintf(dockerCli.Err(), "stack %s (%s)\n", st.Name, where)
}

// sayNotes prints what the Compose files mean here otherwise than for Compose.
func (o *stackOptions) sayNotes(dockerCli command.Cli, st *stack.Stack) {
	if o.quiet {
		return
	}
	for _, n := range st.Notes {
		fmt.Fprintln(dockerCli.Err(), "note: "+printable.Text(n.String()))
	}
}

// build parses the flags that determine how a snapshot is made.
func (o *stackOptions) build() (b bmo.BuildOptions, err error) {
	b = bmo.BuildOptions{
		Source: o.source, NoCache: o.noCache, FromNearest: o.fromNearest, Pull: o.pull, Repository: namedRepository(o.repository),
		Platform: cmp.Or(o.platform, os.Getenv("DOCKER_DEFAULT_PLATFORM")), Labels: opts.ConvertKVStringsToMap(o.labels),
	}
	if err := bmo.CheckLabels(b.Labels); err != nil {
		return b, err
	}
	if b.BuildContexts, err = keyValues("--build-context", "NAME=FOLDER", o.buildContexts); err != nil {
		return b, err
	}
	if b.BuildArgs, err = environValues("--build-arg", o.buildArgs); err != nil {
		return b, err
	}
	if b.Access, err = bmo.ParseAccess(o.secrets, o.ssh); err != nil {
		return b, err
	}
	if b.Verify, err = o.verifyingKey(); err != nil {
		return b, err
	}
	b.Cache, err = bmo.ParseCache(o.cacheFrom, o.cacheTo)
	return b, err
}

// connect returns a client of the engine, after removing what earlier commands left behind there.
func (o *stackOptions) connect(ctx context.Context, dockerCli command.Cli) (*bmo.Client, error) {
	o.messages = &messages{w: dockerCli.Err()}
	c, _, err := o.messages.connect(ctx, dockerCli)
	if err != nil {
		return nil, err
	}
	o.begin(ctx, dockerCli, c)
	return c, nil
}

// begin is what comes first on an engine.
func (o *stackOptions) begin(ctx context.Context, dockerCli command.Cli, c *bmo.Client) {
	if _, err := c.Sweep(ctx); err != nil && ctx.Err() == nil {
		warn(dockerCli.Err(), fmt.Errorf("leftovers of earlier commands could not all be removed: %w", err))
	}
}

// printer starts the progress display, with a title at its top. The caller must close it.
func (o *stackOptions) printer(dockerCli command.Cli, doing string) (*progress.Printer, error) {
	p, err := progress.New(progressOut(dockerCli), o.mode(), doing)
	if o.messages != nil {
		o.messages.display.Store(p)
	}
	return p, err
}

// progressOut returns the output for progress. The display needs the terminal itself, not the client's wrapper of it.
func progressOut(dockerCli command.Cli) io.Writer {
	if dockerCli.Err().IsTerminal() {
		return os.Stderr
	}
	return dockerCli.Err()
}

// keyValues parses a flag's KEY=VALUE values.
func keyValues(flag, form string, words []string) (map[string]string, error) {
	m := make(map[string]string, len(words))
	for _, w := range words {
		k, v, ok := strings.Cut(w, "=")
		if !ok || k == "" {
			return nil, fmt.Errorf("invalid %s %q: want %s", flag, w, form)
		}
		m[k] = v
	}
	return m, nil
}
