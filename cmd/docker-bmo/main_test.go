package main

import (
	"maps"
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
	programs := map[string]func(){"docker-bmo": main}
	maps.Copy(programs, helpers)
	testscript.Main(m, programs)
}

// helpers are further programs that tests run as processes of their own, by name.
var helpers = map[string]func(){}
