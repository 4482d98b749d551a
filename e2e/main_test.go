package e2e

import (
	"os"
	"testing"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
