package main

import (
	"errors"
	"fmt"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/internal/hint"
)

func (o runOptions) check() error {
	switch {
	case len(o.contexts) > 0 && len(o.command) == 0:
		return hint.Wrap(errors.New("--context spreads a command over engines, and there is none"),
			"for one engine, `docker --context "+o.contexts[0]+" bmo run`")
	case o.detach && len(o.command) > 0:
		return errors.New("--detach cannot be combined with a command: the instance is removed when its command ends")
	case o.serviceType != "" && o.on.target == "":
		return errors.New("--service-type is for instances on a cluster: --on kubernetes")
	case o.on.target == "" && (o.sign != "" || o.sbom != "" || o.provenance != "" || len(o.attests) > 0):
		return hint.Wrap(errors.New("--sign, --attest, --provenance and --sbom are for what is pushed, as with --on kubernetes"),
			"`docker bmo push` and `docker bmo build --push` have them, too")
	case o.on.target != "" && (len(o.contexts) > 0 || o.live || o.report != ""):
		return errors.New("--context, --live and --report are about engines: leave --on out")
	case o.number < 1:
		return fmt.Errorf("invalid --number %d: want 1 or more", o.number)
	case o.parallel < 0:
		return fmt.Errorf("invalid --parallel %d: want a number of instances", o.parallel)
	case o.report != "" && (o.detach || o.number > 1):
		return errors.New("--report is about one instance that ends with this command: leave --detach and --number out, and use `docker bmo report`")
	}
	if err := errors.Join(bmo.CheckName(o.name), checkOutput("--report", o.report)); err != nil {
		return err
	}
	if o.on.target != "" {
		if err := bmo.CheckTarget(o.on.target); err != nil {
			return err
		}
	}
	if _, err := parseInstanceFormat(o.format); err != nil {
		return err
	}
	return o.checkInstance()
}

// checkInstance checks the flags of addInstanceFlags.
func (o runOptions) checkInstance() error {
	switch {
	case len(o.contexts) > 0 && (o.name != "" || o.live || o.report != ""):
		return errors.New("--name, --live and --report are about one engine: leave --context out")
	case o.waitTimeout < 0:
		return fmt.Errorf("invalid --wait-timeout %d: want a number of seconds", o.waitTimeout)
	case (o.noBuild || o.snapshot != "") && (o.noCache || o.pull):
		return errors.New("--no-cache and --pull cannot be combined with --no-build or --snapshot")
	}
	return nil
}
