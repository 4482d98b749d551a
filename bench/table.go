package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/docker/go-units"
)

// measureTable measures what an instance costs whose database has one large table: nothing until the server opens it for
// writing, and then a copy of the whole file, which is what overlayfs does.
func (b *bench) measureTable(ctx context.Context, sizes []int) error {
	for _, n := range sizes {
		if err := b.tableOf(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// fill is a step of the bootstrap that makes a table of n MiB: two rows fill a page of 16 KiB.
func fill(n int) string {
	sql := []string{"CREATE TABLE large (id INT AUTO_INCREMENT PRIMARY KEY, content VARBINARY(8000))", "INSERT INTO large (content) VALUES (RANDOM_BYTES(1024))"}
	for rows := 1; rows < 128; rows *= 2 {
		sql = append(sql, "INSERT INTO large (content) SELECT RANDOM_BYTES(1024) FROM large")
	}
	sql = append(sql, "UPDATE large SET content = RPAD(content, 7800, HEX(content))")
	for mib := 1; mib < n; mib *= 2 {
		sql = append(sql, "INSERT INTO large (content) SELECT content FROM large")
	}
	return fmt.Sprintf("    - service: db\n      exec: true\n      command: [mysql, -udemo, -pdemo, -h127.0.0.1, demo, -e, %q]\n      timeout: 8m\n", strings.Join(sql, "; "))
}

func (b *bench) tableOf(ctx context.Context, n int) error {
	file, err := b.stack(fmt.Sprintf("table-%d", n), os.DirFS("dockerfiles"), "demo")
	if err != nil {
		return err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	text = []byte(strings.Replace(string(text), "  url:\n", fill(n)+"  url:\n", 1))
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return err
	}
	if _, err := b.build(ctx, file); err != nil {
		return err
	}
	var name, db string
	sql := func(query string) func() error {
		return func() error {
			_, err := docker(ctx, "exec", db, "mysql", "-udemo", "-pdemo", "-h127.0.0.1", "-e"+query, "demo")
			return err
		}
	}
	disk := &collector{}
	measure := func(when string) error {
		size, err := written(ctx, db)
		disk.add(when, size)
		return err
	}
	begun := b.begin()
	c := sideBySide(b.rounds(3), []action{
		{name: "docker bmo run", do: func() (err error) {
			name, db, err = startTable(ctx, b.bmo(file, "run", "--detach", "--quiet", "--format", "json"))
			return err
		}},
		{name: "first read of a row", before: func() error { return measure("after the start") }, do: sql("SELECT id FROM large LIMIT 1")},
		{name: "first write of a row", before: func() error { return measure("after a read") }, do: sql("UPDATE large SET content = '' WHERE id = 1")},
		{name: "second write", before: func() error { return measure("after a write") }, do: sql("UPDATE large SET content = '' WHERE id = 2")},
		{name: "docker bmo stop", do: func() error { _, err := docker(ctx, "bmo", "stop", name); return err }},
	})
	return b.record(begun, c.result("table", n, "s"), disk.result("table-disk", n, "MiB"))
}

// startTable starts an instance and returns its name and the container of its database.
func startTable(ctx context.Context, args []string) (name, db string, err error) {
	out, err := docker(ctx, args...)
	if err != nil {
		return "", "", err
	}
	var i struct {
		Name     string
		Services map[string]string
	}
	err = json.Unmarshal([]byte(out), &i)
	return i.Name, i.Services["db"], err
}

// written returns how much a container has written to its filesystem, in MiB.
func written(ctx context.Context, container string) (float64, error) {
	out, err := docker(ctx, "ps", "--size", "--filter", "id="+container, "--format", "{{.Size}}")
	if err != nil {
		return 0, err
	}
	own, _, _ := strings.Cut(out, " ")
	bytes, err := units.FromHumanSize(own)
	return float64(bytes) / (1 << 20), err
}
