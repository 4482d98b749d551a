package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/docker/go-units"

	"github.com/docker-bmo/docker-bmo/bmo"
)

// printPlan prints what would be removed.
func printPlan(w io.Writer, left bmo.Report, plan []bmo.Snapshot) error {
	printLeftOvers(w, left)
	if len(plan) > 0 {
		fmt.Fprintln(w, "Would delete snapshots:")
	}
	for _, s := range plan {
		fmt.Fprintf(w, "%s\t%s\t%s\n", bmo.ShortKey(s.Key), s.Stack, since(s.Created))
	}
	snapshots := "snapshots"
	if len(plan) == 1 {
		snapshots = "snapshot"
	}
	_, err := fmt.Fprintf(w, "%d %s would be deleted\n", len(plan), snapshots)
	return err
}

func printLeftOvers(w io.Writer, left bmo.Report) {
	title := "Would delete what was left behind:\n"
	for _, kind := range []struct {
		name string
		list []string
	}{{"container", left.Containers}, {"network", left.Networks}, {"volume", left.Volumes}, {"image", left.Deleted}} {
		for _, name := range kind.list {
			fmt.Fprintf(w, "%s%s\t%s\n", title, kind.name, name)
			title = ""
		}
	}
}

func pruneWarning(o pruneOptions) string {
	var what []string
	switch keep := o.policy.KeepLast; keep {
	case 0:
		what = append(what, "all without a name that no instance runs from")
	case 1:
		what = append(what, "all but the newest of each stack")
	default:
		what = append(what, fmt.Sprintf("all but the %d newest of each stack", keep))
	}
	if o.policy.OlderThan > 0 {
		what = append(what, "older than "+o.policy.OlderThan.String())
	}
	if o.policy.Stack != "" {
		what = append(what, "of stack "+o.policy.Stack)
	}
	for _, l := range o.policy.Labels {
		what = append(what, "with label "+l)
	}
	for _, l := range o.policy.NotLabels {
		what = append(what, "without label "+l)
	}
	if !o.policy.Until.IsZero() {
		what = append(what, "made before "+o.policy.Until.Format(time.RFC3339))
	}
	return "WARNING! This will remove snapshots: " + strings.Join(what, ", ") + ".\nAre you sure you want to continue?"
}

// confirm asks as docker does: every answer but y means no.
func confirm(ctx context.Context, in io.Reader, out io.Writer, question string) (bool, error) {
	fmt.Fprintf(out, "%s [y/N] ", question)
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(in).ReadString('\n')
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case a := <-answer:
		return a == "y" || a == "yes", nil
	case <-ctx.Done():
		fmt.Fprintln(out)
		return false, context.Cause(ctx)
	}
}

// printReport prints what was removed, in docker's terms.
func printReport(w io.Writer, r bmo.PruneReport) {
	section := func(title string, lines []string) {
		if len(lines) > 0 {
			fmt.Fprintf(w, "%s:\n%s\n\n", title, strings.Join(lines, "\n"))
		}
	}
	section("Deleted Containers", r.Containers)
	section("Deleted Networks", r.Networks)
	section("Deleted Volumes", r.Volumes)
	var images []string
	for _, u := range r.Untagged {
		images = append(images, "untagged: "+u)
	}
	for _, d := range r.Deleted {
		images = append(images, "deleted: "+d)
	}
	section("Deleted Images", images)
	section("Deleted Records", r.Records)
	if r.Reclaimed >= 0 {
		fmt.Fprintln(w, "Total reclaimed space:", units.HumanSize(float64(r.Reclaimed)))
	}
}
