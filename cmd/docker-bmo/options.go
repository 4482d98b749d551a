package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/command/completion"
	"github.com/docker/cli/opts"
	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/session/auth/authprovider"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/docker-bmo/docker-bmo/dockerfiles"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/stack"
)

// defaultStack is what commands work on when no stack is named.
const defaultStack = "bmo"

// stackOptions are the flags that say which snapshot is meant; build and run share them.
type stackOptions struct {
	stack, source            string
	set                      []string
	db                       database
	buildContexts, buildArgs []string
	noCache, pull, quiet     bool
	progress                 string
	doing                    string // what the progress display says at its top; empty for "Building"
	resultOptions
}

// resultOptions are the flags of build alone, which leave the snapshot's key as it is.
type resultOptions struct {
	labels, cacheFrom, cacheTo, platforms []string
}

// addStackFlags adds the flags that say which stack is meant.
func (o *stackOptions) addStackFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.stack, "stack", defaultStack, `Stack to use: a built-in one or a Compose file`)
	flags.StringArrayVar(&o.set, "set", nil, `Set a variable of the stack's Compose file ("KEY=VALUE")`)
	flags.Var(&o.db, "db", `Database of the stack ("mysql", "mariadb"), same as --set DB=DATABASE`)
}

// addFlags adds those and the flags that say how its snapshot is made.
func (o *stackOptions) addFlags(flags *pflag.FlagSet) {
	o.addStackFlags(flags)
	flags.StringVar(&o.source, "source", "", `Source tree of the application: a folder or GIT-URL#REF`)
	flags.StringArrayVar(&o.buildContexts, "build-context", nil, `Additional build contexts (e.g., name=path)`)
	flags.StringArrayVar(&o.buildArgs, "build-arg", nil, `Set build-time variables`)
	flags.BoolVar(&o.noCache, "no-cache", false, `Do not use cache when building the images, and bootstrap again`)
	flags.BoolVar(&o.pull, "pull", false, `Always attempt to pull all referenced images`)
	flags.StringVar(&o.progress, "progress", "auto", `Set type of progress output ("auto", "plain", "tty", "quiet", "rawjson")`)
	flags.BoolVarP(&o.quiet, "quiet", "q", false, `Suppress progress and print the identifier only`)
}

// complete gives shell completion to those of the flags that the command has.
func (o *stackOptions) complete(cmd *cobra.Command) {
	for flag, complete := range map[string]cobra.CompletionFunc{
		"stack": completeStacks, "set": cobra.NoFileCompletions, "db": completion.FromList(databases...),
		"progress":  completion.FromList("auto", "plain", "tty", "quiet", "rawjson"),
		"build-arg": completion.EnvVarNames,
	} {
		if cmd.Flags().Lookup(flag) != nil {
			_ = cmd.RegisterFlagCompletionFunc(flag, complete)
		}
	}
}

// addResultFlags adds the flags of build alone.
func (o *resultOptions) addResultFlags(flags *pflag.FlagSet) {
	flags.StringArrayVar(&o.labels, "label", nil, `Set metadata for the snapshot's images`)
	flags.StringArrayVar(&o.cacheFrom, "cache-from", nil, `External cache sources (e.g., "user/app:cache", "type=local,src=path/to/dir")`)
	flags.StringArrayVar(&o.cacheTo, "cache-to", nil, `Cache export destinations (e.g., "user/app:cache", "type=local,dest=path/to/dir")`)
	flags.StringArrayVar(&o.platforms, "platform", nil, `Set target platform for build: only the engine's own`)
}

// mode is the progress mode that quiet and progress together ask for; where they leave it open, BUILDKIT_PROGRESS does,
// as for buildx and compose.
func (o *stackOptions) mode() string {
	switch env := os.Getenv("BUILDKIT_PROGRESS"); {
	case o.quiet:
		return "quiet"
	case o.progress == "auto" && env != "":
		return env
	}
	return o.progress
}

// load loads the stack.
func (o *stackOptions) load(ctx context.Context) (*stack.Stack, error) {
	set, err := keyValues("--set", "KEY=VALUE", append(o.set, o.db.words()...))
	if err != nil {
		return nil, err
	}
	how := stack.Options{Set: set, Environ: os.Environ()}
	if slices.Contains(builtinStacks(), o.stack) {
		if err := checkDatabase(set); err != nil {
			return nil, err
		}
		return stack.LoadFS(ctx, dockerfiles.FS, path.Join(o.stack, "compose.yaml"), how)
	}
	file, err := stack.FindFile(o.stack)
	if os.IsNotExist(err) {
		return nil, hint.Wrap(fmt.Errorf("no stack %q: neither built in nor a Compose file", o.stack),
			"built in are "+strings.Join(builtinStacks(), " and "))
	}
	if err != nil {
		return nil, err
	}
	return stack.Load(ctx, file, how)
}

// builtinStacks are the folders of the embedded tree that hold a Compose file.
func builtinStacks() []string {
	entries, _ := dockerfiles.FS.ReadDir(".")
	var names []string
	for _, e := range entries {
		if _, err := dockerfiles.FS.Open(path.Join(e.Name(), "compose.yaml")); err == nil {
			names = append(names, e.Name())
		}
	}
	return names
}

// keyValues parses a flag's KEY=VALUE words.
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

// labelValues parses --label as docker does: KEY alone has an empty value.
func labelValues(words []string) (map[string]string, error) {
	labels := opts.ConvertKVStringsToMap(words)
	return labels, snapshot.CheckLabels(labels)
}

// sessionFunc makes what BuildKit may ask the client for.
type sessionFunc func() []session.Attachable

// registryAuth lets BuildKit use the credentials of the docker configuration.
func registryAuth(dockerCli command.Cli) sessionFunc {
	return func() []session.Attachable {
		return []session.Attachable{authprovider.NewDockerAuthProvider(authprovider.DockerAuthProviderConfig{
			ConfigFile: dockerCli.ConfigFile(),
		})}
	}
}

// publicSource is a Git URL without its credentials, and nothing for a folder: neither belongs into a label.
func publicSource(source string) string {
	u, err := url.Parse(source)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return ""
	}
	u.User = nil
	return u.String()
}

// cacheDir holds what can be made again: checkouts and the stat cache. Empty when the user has no such folder.
func cacheDir() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "docker-bmo")
}

// stateDir holds journals.
func stateDir() string {
	if dir := os.Getenv("XDG_STATE_HOME"); dir != "" {
		return filepath.Join(dir, "docker-bmo")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return filepath.Join(os.TempDir(), "docker-bmo")
	}
	return filepath.Join(home, ".local", "state", "docker-bmo")
}
