package main

import (
	"fmt"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/command/completion"
	"github.com/spf13/cobra"
)

// shells are those for which cobra can write scripts.
var shells = []string{"bash", "fish", "powershell", "zsh"}

func newCompletionCommand(dockerCli command.Cli) *cobra.Command {
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Generate the autocompletion script for the specified shell",
		Long: `Generate the autocompletion script for the specified shell (bash, fish,
powershell, zsh). It is docker's own: "docker completion" prints the same, and
both complete docker and all its plugins.`,
		Example:           `  source <(docker bmo completion bash)`,
		Args:              cli.ExactArgs(1),
		RunE:              func(cmd *cobra.Command, args []string) error { return runCompletion(dockerCli, cmd.Root(), args[0]) },
		ValidArgsFunction: completion.FromList(shells...),
	}
}

func runCompletion(dockerCli command.Cli, root *cobra.Command, shell string) error {
	switch shell {
	case "bash":
		return root.GenBashCompletionV2(dockerCli.Out(), true)
	case "fish":
		return root.GenFishCompletion(dockerCli.Out(), true)
	case "powershell":
		return root.GenPowerShellCompletionWithDesc(dockerCli.Out())
	case "zsh":
		return root.GenZshCompletion(dockerCli.Out())
	default:
		return fmt.Errorf("no shell %q: want bash, fish, powershell or zsh", shell)
	}
}
