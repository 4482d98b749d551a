package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// The demo's images as they are before its bootstrap: what people would build for themselves.
const (
	plainDB  = "docker-bmo-bench/db"
	plainWeb = "docker-bmo-bench/web"
)

// demo is the demo stack under another name, with its snapshot, and the same images before the bootstrap.
type demo struct {
	file    string // its Compose file
	key     string
	db, web string // of the snapshot
	dump    string // a file: what the bootstrap has put into the database
}

const lowMemory = "--defaults-file=/etc/docker-bmo/low.cnf"

var (
	dbEnvironment  = []string{"MYSQL_DATABASE=demo", "MYSQL_USER=demo", "MYSQL_PASSWORD=demo"}
	webEnvironment = []string{
		"DEMO_db_host=db", "DEMO_db_port=3306", "DEMO_db_name=demo", "DEMO_db_user=demo", "DEMO_db_pass=demo",
		"DEMO_urlbase=http://127.0.0.1/",
	}
)

// demo makes the stack and its images, once.
func (b *bench) demo(ctx context.Context) (*demo, error) {
	if b.made != nil {
		return b.made, nil
	}
	file, err := b.stack("demo", os.DirFS("dockerfiles"), "demo")
	if err != nil {
		return nil, err
	}
	d := &demo{file: file}
	if d.key, err = b.build(ctx, file); err != nil {
		return nil, err
	}
	for service, image := range map[string]*string{"db": &d.db, "web": &d.web} {
		*image, err = docker(ctx, "images", "--no-trunc", "--quiet", "--filter", "label=docker-bmo.stack=bench-demo",
			"--filter", "label=docker-bmo.service="+service, "--filter", "reference=docker-bmo/*:"+d.key)
		if err != nil {
			return nil, err
		}
	}
	for _, args := range b.plainBuilds() {
		if _, err := docker(ctx, args...); err != nil {
			return nil, err
		}
	}
	b.made = d
	return d, d.makeDump(ctx, filepath.Join(b.dir, "dump.sql"))
}

// plainBuilds are the commands that build the demo's images without docker bmo.
func (b *bench) plainBuilds() [][]string {
	build := func(tag string, more ...string) []string {
		return slices.Concat([]string{"buildx", "build", "--quiet", "--load", "--provenance=false", "--tag", tag}, b.args, more)
	}
	return [][]string{
		build(plainDB, "dockerfiles/mysql"),
		build(plainWeb, "--build-context", "app=dockerfiles/demo/app", "dockerfiles/demo"),
	}
}

// makeDump writes what an instance has in its database into a file.
func (d *demo) makeDump(ctx context.Context, file string) error {
	id, err := docker(ctx, "run", "--rm", "--detach", "--tmpfs", "/tmp", "--env", dbEnvironment[0], "--env", dbEnvironment[1], "--env", dbEnvironment[2],
		d.db, lowMemory)
	if err != nil {
		return err
	}
	defer func() { _, _ = docker(context.WithoutCancel(ctx), "rm", "--force", "--volumes", id) }()
	if err := queried(ctx, id); err != nil {
		return err
	}
	text, err := docker(ctx, "exec", id, "mysqldump", "--no-tablespaces", "--skip-lock-tables", "--set-gtid-purged=OFF", "-udemo", "-pdemo", "-h127.0.0.1", "demo")
	if err != nil {
		return err
	}
	d.dump = file
	return os.WriteFile(file, []byte(text), 0o600)
}

// queried waits until a database answers a query.
func queried(ctx context.Context, container string) error {
	return until(ctx, "the database answers", func() bool {
		_, err := docker(ctx, "exec", container, "mysql", "-udemo", "-pdemo", "-h127.0.0.1", "-eSELECT 1", "demo")
		return err == nil
	})
}

// answering waits until the demo at an address answers.
func answering(ctx context.Context, url string) error {
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	return until(ctx, url+" answers", func() bool {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(url, "/")+"/rest/version", http.NoBody)
		if err != nil {
			return false
		}
		res, err := client.Do(req)
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
}

// until waits for a condition.
func until(ctx context.Context, what string, ok func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, 4*time.Minute)
	defer cancel()
	for !ok() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting until %s: %w", what, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}
