package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// otherNames are commands of docker and Compose for which docker bmo has another name.
var otherNames = map[string]string{
	"up": "run -d", "start": "run -d", "create": "run -d", "down": "stop", "rm": "stop", "kill": "stop",
	"ls": "ps", "list": "ps", "images": "snapshot ls", "snapshots": "snapshot ls", "image": "snapshot",
	"rmi": "snapshot rm", "top": "ps", "attach": "logs -f", "bake": "build", "convert": "config",
}

// noSuchCommand refuses a word that is not a subcommand, with a hint to the one that is meant.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("unknown command: %s %s", cmd.CommandPath(), args[0])
	cmd.SuggestionsMinimumDistance = 2
	switch near := cmd.SuggestionsFor(args[0]); {
	case cmd.Name() == "bmo" && otherNames[args[0]] != "":
		return hint.Wrap(err, fmt.Sprintf("`docker bmo %s` is what docker bmo calls it", otherNames[args[0]]))
	case len(near) > 0:
		return hint.Wrap(err, "did you mean "+strings.Join(near, ", or ")+"?")
	}
	return hint.Wrap(err, fmt.Sprintf("`%s --help` lists the commands", cmd.CommandPath()))
}

// newHelpCommand makes `docker bmo help COMMAND` work as `docker help COMMAND` does. Cobra adds such a command to the
// docker client's own root only.
func newHelpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:    "help [COMMAND]",
		Short:  "Help about the command",
		Hidden: true,
		RunE: func(_ *cobra.Command, args []string) error {
			found, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return noSuchCommand(root, args)
			}
			return found.Help()
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			var names []string
			if found, rest, err := root.Find(args); err == nil && len(rest) == 0 {
				for _, c := range found.Commands() {
					if c.IsAvailableCommand() {
						names = append(names, c.Name())
					}
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
}
