// The command bench measures docker bmo side by side with what people would do instead, and as what it has to deal with grows. It writes
// the figures into docs/performance.json, where each replaces the one that was taken before with the same engine, and draws
// docs/performance.md from that. `make bench` runs it from the root of the checkout, with an engine and all that it needs.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

const usage = `usage: bench [FLAGS] [PART...]

A part is a group, or one size of it, such as start or start/8. Without any, all are measured.

`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	b := &bench{file: "docs/performance.json", args: strings.Fields(os.Getenv("BMO_BUILD_ARGS"))}
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), usage)
		flag.PrintDefaults()
	}
	draw := flag.Bool("draw", false, "only draw what has been measured")
	out := flag.String("out", "docs", "folder of performance.md and its graphs")
	flag.StringVar(&b.file, "results", b.file, "file of the results")
	flag.IntVar(&b.most, "rounds", 0, "take each way so many times at most; 0 is as often as it deserves")
	flag.BoolVar(&b.quick, "quick", false, "small sizes, once each: to see whether it works")
	flag.StringVar(&b.tools, "tools", "bin", "folder with the clients to compare with")
	flag.Parse()
	if !*draw {
		if err := b.measure(ctx, flag.Args()); err != nil {
			return err
		}
	}
	list, err := load(b.file)
	if err != nil {
		return err
	}
	return drawAll(*out, list)
}

// part measures the results of one group; sizes are those that it is asked for.
type part struct {
	group string
	sizes []int
	quick []int
	do    func(ctx context.Context, sizes []int) error
}

func (b *bench) parts() []part {
	return []part{
		{"build", []int{1}, []int{1}, b.measureBuild},
		{"start", []int{1, 8, 32}, []int{1, 2}, b.measureStart},
		{"files", []int{1000, 10_000, 100_000}, []int{10, 100}, b.measureFiles},
		{"snapshots", []int{10, 100, 1000}, []int{2, 5}, b.measureSnapshots},
		{"instances", []int{10, 50, 200}, []int{1, 3}, b.measureInstances},
		{"table", []int{16, 256, 2048}, []int{1, 8}, b.measureTable},
	}
}

// measure measures the parts that are asked for.
func (b *bench) measure(ctx context.Context, asked []string) (err error) {
	if err := b.setUp(ctx); err != nil {
		return err
	}
	defer func() {
		if down := b.tearDown(); err == nil {
			err = down
		}
	}()
	known := false
	for _, p := range b.parts() {
		sizes := p.sizes
		if b.quick {
			sizes = p.quick
		}
		sizes = chosen(p.group, sizes, asked)
		if len(sizes) == 0 {
			continue
		}
		known = true
		if err := p.do(ctx, sizes); err != nil {
			return fmt.Errorf("%s: %w", p.group, err)
		}
	}
	if !known {
		return fmt.Errorf("no such part: %s", strings.Join(asked, ", "))
	}
	return nil
}

// chosen returns the sizes of a group that are asked for: all, if it is asked for as a whole or nothing is asked for.
func chosen(group string, sizes []int, asked []string) (list []int) {
	if len(asked) == 0 {
		return sizes
	}
	for _, size := range sizes {
		for _, a := range asked {
			if a == group || a == fmt.Sprintf("%s/%d", group, size) {
				list = append(list, size)
				break
			}
		}
	}
	return list
}
