package launch

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// The exit codes by which a shell says that it cannot run a program.
const (
	cannotExecute = 126
	noSuchProgram = 127
)

// missingPatience is how long the program of a shell's command line may be missing, and a health check's start_period
// on top: a container may be about to install it. Without a shell the engine says so itself, and nothing is waited for.
var missingPatience = defaultMissingPatience

const defaultMissingPatience = 10 * time.Second

// missing is since when the program that a command line names has not been there.
type missing struct {
	patience time.Duration
	since    time.Time
}

// judge returns the error for a command line that has ended with a code other than 0, of which said is the last line
// after a colon.
func (m *missing) judge(code int, said, title string) error {
	why := whyNotRun(code, strings.TrimPrefix(said, ": "))
	if why == "" {
		m.since = time.Time{}
		return fmt.Errorf("ended with %d%s", code, said)
	}
	if m.since.IsZero() {
		m.since = time.Now()
	}
	if time.Since(m.since) < m.patience {
		return fmt.Errorf("%s (ended with %d)", why, code)
	}
	return &missingError{title, why}
}

// shellFindsNone matches how shells say that they find no such program: dash, the one of busybox, and bash; in a script
// with the script's name. Programs say of other things that they are not found, so a line has to begin as a shell's.
var shellFindsNone = regexp.MustCompile(`^(?:\S*sh: (?:line )?(?:[0-9]+: )?|\S+: (?:line )?[0-9]+: )(\S+): (?:command )?not found$`)

// whyNotRun returns why a shell could not run a program, "" if it could.
func whyNotRun(code int, line string) string {
	if m := shellFindsNone.FindStringSubmatch(line); m != nil {
		return "its image has no " + m[1]
	}
	switch code {
	case cannotExecute:
		return cmp.Or(line, fmt.Sprintf("ended with %d, as when a shell must not execute a program", code))
	case noSuchProgram:
		return cmp.Or(line, fmt.Sprintf("ended with %d, as when a shell finds no such program", code))
	}
	return ""
}

// missingError reports that a service cannot be found ready, since what would find that out cannot be run.
type missingError struct{ command, why string }

func (e *missingError) Error() string { return e.command + " cannot be run: " + e.why }

// Hint says what to do about it.
func (e *missingError) Hint() string {
	return "a health check has to use a program of the image, as docker's own; where the container installs it at its start, " +
		"healthcheck.start_period gives it time; x-bmo.ready of the service checks without a program"
}

// Final reports that waiting is of no use.
func (e *missingError) Final() bool { return true }
