package bootstrap

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/stack"
)

// plainGrace is how long a service that holds no data has to end, and hintAfter how long it takes until the display
// says what may be the matter.
const plainGrace, hintAfter = 10 * time.Second, 10 * time.Second

// end says how a service is to end.
type end int

const (
	// atOnce: nothing of it is kept.
	atOnce end = iota
	// soon: its files are kept, and no data are at stake.
	soon
	// well: it holds data, which are only good when it has ended by itself.
	well
)

// endOf returns how a service is to end, whose filesystem is committed or not.
func endOf(s stack.Service, commits bool) end {
	switch {
	case launch.KeepsShared(s) || commits && launch.Keeps(s):
		return well
	case commits:
		return soon
	default:
		return atOnce
	}
}

// stop ends every service that runs, each before those it depends on.
func (b *run) stop(ctx context.Context) error {
	for _, s := range slices.Backward(launch.Lasting(b.Stack)) {
		if b.group.Process(s.Name) == nil {
			continue
		}
		if err := b.stopService(ctx, s, endOf(s, b.commits(s))); err != nil {
			return err
		}
	}
	return nil
}

func (b *run) stopService(ctx context.Context, s stack.Service, how end) error {
	return b.step(ctx, s.Name, "stop "+s.Name, func(ctx context.Context, log *progress.Log) error {
		p := b.group.Process(s.Name)
		select {
		case <-p.Done():
			return b.checkEnded(ctx, s, p, log)
		default:
		}
		switch how {
		case atOnce:
			if killed, err := p.Kill(ctx); killed || err != nil {
				return stopError(s, err)
			}
			return b.checkEnded(ctx, s, p, log)
		case soon:
			return b.endSoon(ctx, s, p, log)
		default:
			return b.endWell(ctx, s, p, log)
		}
	})
}

func stopError(s stack.Service, err error) error {
	if err != nil {
		return fmt.Errorf("stop %s: %w", s.Name, err)
	}
	return nil
}

// checkEnded returns an error for a service that has ended by itself, unless it had done its work.
func (b *run) checkEnded(ctx context.Context, s stack.Service, p *engine.Process, log *progress.Log) error {
	code, err := p.Wait(ctx)
	if err != nil || code == 0 && launch.MayEnd(s) {
		return stopError(s, err)
	}
	output := launch.Quote(log, s.Name, b.Journal.Tail(s.Name))
	return hint.Wrap(fmt.Errorf("service %s ended by itself with exit code %d: not committed%s", s.Name, code, launch.LastLines(output, log.Visible())),
		"a service has to run until it is stopped; one without a probe may end with 0 when it has done its work")
}

// endSoon gives a service that holds no data a little time, and kills it then.
func (b *run) endSoon(ctx context.Context, s stack.Service, p *engine.Process, log *progress.Log) error {
	grace := min(plainGrace, s.StopGracePeriod)
	log.SetStatus(fmt.Sprintf("waiting for %s to end, for %s at most", s.Name, grace), "")
	code, killed, err := p.Stop(ctx, grace)
	switch {
	case err != nil:
		return stopError(s, err)
	case killed:
		log.Note(fmt.Sprintf("warning: service %s did not stop within %s of its stop signal and was killed: %s", s.Name, grace, likely(s)))
	default:
		fmt.Fprintf(log, "exit code %d\n", code)
	}
	return nil
}

// endWell waits for a service that holds data.
func (b *run) endWell(ctx context.Context, s stack.Service, p *engine.Process, log *progress.Log) error {
	signal, err := b.Engine.StopSignal(ctx, p.ID)
	if err != nil && !engine.IsNotFound(err) {
		return stopError(s, err)
	}
	what := fmt.Sprintf("waiting for %s to end, for %s at most", s.Name, s.StopGracePeriod)
	log.SetStatus(what, "")
	late := time.AfterFunc(b.hintAfter, func() { log.SetStatus(what, likely(s)) })
	defer late.Stop()
	code, killed, err := p.Stop(ctx, s.StopGracePeriod)
	switch {
	case err != nil:
		return stopError(s, err)
	case killed:
		return hint.Wrap(fmt.Errorf("service %s did not stop within %s of its stop signal and was killed: not committed", s.Name, s.StopGracePeriod),
			likely(s)+"; where it only needs longer, raise stop_grace_period")
	case code != 0 && (s.Ready.MySQL != nil || code != 128+engine.SignalNumber(signal)):
		output := launch.Quote(log, s.Name, b.Journal.Tail(s.Name))
		return hint.Wrap(fmt.Errorf("service %s ended with exit code %d when it was stopped: not committed%s", s.Name, code, launch.LastLines(output, log.Visible())),
			wanted(s, signal)+": see stop_signal, and what the command does about it")
	}
	fmt.Fprintf(log, "exit code %d\n", code)
	return nil
}

// wanted says how a service that holds data has to end.
func wanted(s stack.Service, signal string) string {
	if s.Ready.MySQL != nil {
		return "a database has to end with 0 on its stop signal"
	}
	return fmt.Sprintf("what holds data has to end with 0 or %d on its stop signal", 128+engine.SignalNumber(signal))
}

// likely is why a service does not end on its stop signal, as a rule.
func likely(s stack.Service) string {
	if s.Init {
		return "its command seems to ignore its stop signal: see stop_signal"
	}
	return "process 1 ignores a signal that it has no handler for, as a shell does: start the program with `exec` in the script, or set `init: true`"
}
