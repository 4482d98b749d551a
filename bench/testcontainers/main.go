// The command testcontainers starts instances of the demo with testcontainers-go, for the benchmark: it prints "ready" when
// all answer, and removes them when its input ends.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"sync"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/testcontainers/testcontainers-go"
	tclog "github.com/testcontainers/testcontainers-go/log"
	"github.com/testcontainers/testcontainers-go/network"
	"github.com/testcontainers/testcontainers-go/wait"
)

type images struct {
	db, web   string
	bootstrap bool
}

// instance is what Go tests would have in a helper of theirs.
type instance struct {
	network    *testcontainers.DockerNetwork
	containers []testcontainers.Container
}

const patience = 4 * time.Minute

func main() {
	var i images
	flag.StringVar(&i.db, "db", "", "image of the database")
	flag.StringVar(&i.web, "web", "", "image of the web server")
	flag.BoolVar(&i.bootstrap, "bootstrap", false, "run the bootstrap before the web server")
	n := flag.Int("n", 1, "number of instances")
	parallel := flag.Int("parallel", 2, "how many start at a time")
	flag.Parse()
	tclog.SetDefault(log.New(io.Discard, "", 0))
	if err := run(context.Background(), i, *n, *parallel); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, images images, n, parallel int) error {
	list, errs := make([]*instance, n), make([]error, n)
	each(n, parallel, func(k int) {
		list[k] = &instance{}
		errs[k] = list[k].start(ctx, images)
	})
	err := errors.Join(errs...)
	if err == nil {
		fmt.Println("ready")
		_, _ = io.Copy(io.Discard, os.Stdin)
	}
	each(n, parallel, func(k int) { errs[k] = list[k].remove(ctx) })
	return errors.Join(append(errs, err)...)
}

// each calls do for 0 to n-1, some at a time.
func each(n, parallel int, do func(k int)) {
	slots := make(chan struct{}, parallel)
	var wg sync.WaitGroup
	for k := range n {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			do(k)
		})
	}
	wg.Wait()
}

func (i *instance) start(ctx context.Context, images images) (err error) {
	if i.network, err = network.New(ctx); err != nil {
		return err
	}
	if err := i.run(ctx, images.db, "db", testcontainers.WithCmd("--defaults-file=/etc/docker-bmo/low.cnf"),
		testcontainers.WithEnv(map[string]string{"MYSQL_DATABASE": "demo", "MYSQL_USER": "demo", "MYSQL_PASSWORD": "demo"}),
		testcontainers.WithWaitStrategy(wait.ForExec([]string{"mysql", "-udemo", "-pdemo", "-h127.0.0.1", "-eSELECT 1", "demo"}).WithStartupTimeout(patience))); err != nil {
		return err
	}
	environment := map[string]string{
		"DEMO_db_host": "db", "DEMO_db_port": "3306", "DEMO_db_name": "demo", "DEMO_db_user": "demo", "DEMO_db_pass": "demo",
		"DEMO_urlbase": "http://127.0.0.1/", "DEMO_admin_login": "admin@demo.test", "DEMO_admin_password": "demo-password",
		"DEMO_admin_api_key": "demo-api-key-0123456789abcdef0123456789abcdef",
	}
	if images.bootstrap {
		if err := i.run(ctx, images.web, "bootstrap", testcontainers.WithCmd("perl", "demo.pl", "bootstrap"), testcontainers.WithEnv(environment),
			testcontainers.WithWaitStrategy(wait.ForExit().WithExitTimeout(patience))); err != nil {
			return err
		}
		state, err := i.containers[len(i.containers)-1].State(ctx)
		if err != nil {
			return err
		}
		if state.ExitCode != 0 {
			return fmt.Errorf("the bootstrap ended with exit code %d", state.ExitCode)
		}
	}
	return i.run(ctx, images.web, "web", testcontainers.WithEnv(environment), testcontainers.WithExposedPorts("8000/tcp"),
		testcontainers.WithWaitStrategy(wait.ForHTTP("/rest/version").WithPort("8000/tcp").WithStartupTimeout(patience)))
}

// run starts a container and waits for it.
func (i *instance) run(ctx context.Context, image, service string, more ...testcontainers.ContainerCustomizer) error {
	c, err := testcontainers.Run(ctx, image, append(more, network.WithNetwork([]string{service}, i.network),
		testcontainers.WithHostConfigModifier(func(h *container.HostConfig) { h.Tmpfs = map[string]string{"/tmp": ""} }))...)
	if c != nil {
		i.containers = append(i.containers, c)
	}
	return err
}

func (i *instance) remove(ctx context.Context) error {
	var errs []error
	for _, c := range i.containers {
		errs = append(errs, testcontainers.TerminateContainer(c, testcontainers.StopTimeout(0)))
	}
	if i.network != nil {
		errs = append(errs, i.network.Remove(ctx))
	}
	return errors.Join(errs...)
}
