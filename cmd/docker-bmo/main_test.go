package main

import (
	"testing"
	"time"

	"github.com/docker/cli/cli-plugins/plugin"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"
)

// TestMain lets scripts run the plugin itself.
func TestMain(m *testing.M) {
	time.Local = time.UTC // for what is shown in local time
	plugin.PersistentPreRunE = func(*cobra.Command, []string) error { return nil }
	testscript.Main(m, map[string]func(){"docker-bmo": main})
}
