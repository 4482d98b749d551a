package main

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"strings"
	"time"
)

// mini is the stack that e2e tests need many snapshots of: one service, no database.
func (b *bench) mini(name string) (file string, err error) {
	return b.stack(name, os.DirFS("e2e/harness/testdata/mini"), "app")
}

// measureSnapshots measures commands on an engine with many snapshots. All but one are made up: images with the labels of the
// real one but for their keys, which share a small layer.
func (b *bench) measureSnapshots(ctx context.Context, sizes []int) error {
	file, err := b.mini("snapshots")
	if err != nil {
		return err
	}
	for _, n := range sizes {
		key, err := b.build(ctx, file)
		if err != nil {
			return err
		}
		if err := copies(ctx, "bench-snapshots", key, n-1); err != nil {
			return err
		}
		begun := b.begin()
		var names []string
		c := sideBySide(b.rounds(5), []action{
			{name: "docker bmo build", do: quietly(ctx, b.bmo(file, "build", "--quiet")...)},
			{name: "docker bmo snapshot ls", do: quietly(ctx, "bmo", "snapshot", "ls")},
			{name: "docker bmo run", do: func() error {
				name, err := docker(ctx, b.bmo(file, "run", "--detach", "--quiet", "--format", "{{.Name}}")...)
				names = append(names, name)
				return err
			}},
			{name: "docker image ls", do: quietly(ctx, "image", "ls")},
			{name: "docker bmo version", do: quietly(ctx, "bmo", "version")},
		})
		if _, err := docker(ctx, append([]string{"bmo", "stop"}, names...)...); err != nil {
			return err
		}
		removed := sideBySide(1, []action{{name: "docker bmo prune --all", do: quietly(ctx, "bmo", "prune", "--all", "--force", "--stack", "bench-snapshots")}})
		c.ways = append(c.ways, removed.ways...)
		if err := b.record(begun, c.result("snapshots", n, "s")); err != nil {
			return err
		}
	}
	return nil
}

// copies makes n images that look like other snapshots of a stack with one service.
func copies(ctx context.Context, stack, key string, n int) error {
	out, err := docker(ctx, "image", "inspect", "docker-bmo/"+stack+"-web:"+key)
	if err != nil {
		return err
	}
	var images []struct {
		Architecture, Os string
		Config           struct {
			Cmd    []string
			Labels map[string]string
		}
	}
	if err := json.Unmarshal([]byte(out), &images); err != nil {
		return err
	}
	r, w := io.Pipe()
	go func() {
		archive := tar.NewWriter(w)
		like := images[0]
		err := writeCopies(archive, n, like.Config.Labels, func(labels map[string]string, created, layer string) any {
			return map[string]any{
				"architecture": like.Architecture, "os": like.Os, "created": created,
				"config":  map[string]any{"Cmd": like.Config.Cmd, "Labels": labels},
				"rootfs":  map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + layer}},
				"history": []any{map[string]any{"created": created}},
			}
		})
		if err == nil {
			err = archive.Close()
		}
		w.CloseWithError(err)
	}()
	cmd := exec.CommandContext(ctx, "docker", "load", "--quiet")
	cmd.Stdin = r
	_, err = output(cmd)
	return err
}

// writeCopies writes what docker load reads.
func writeCopies(archive *tar.Writer, n int, like map[string]string, config func(labels map[string]string, created, layer string) any) error {
	var layer bytes.Buffer
	content := tar.NewWriter(&layer)
	if err := writeFile(content, "made-up", []byte("for a benchmark\n")); err != nil {
		return err
	}
	if err := content.Close(); err != nil {
		return err
	}
	type entry struct {
		Config   string
		RepoTags []string
		Layers   []string
	}
	var index []entry
	for i := range n {
		labels := maps.Clone(like)
		created := time.Now().UTC().Add(-time.Duration(i+1) * time.Minute)
		labels["docker-bmo.key"] = digest(fmt.Appendf(nil, "key %d", i))
		labels["docker-bmo.inputs"] = digest(fmt.Appendf(nil, "inputs %d", i))
		labels["docker-bmo.created"] = created.Format(time.RFC3339Nano)
		text, err := json.Marshal(config(labels, created.Format(time.RFC3339Nano), digest(layer.Bytes())))
		if err != nil {
			return err
		}
		e := entry{
			Config: digest(text) + ".json", Layers: []string{"layer.tar"},
			RepoTags: []string{fmt.Sprintf("docker-bmo/%s-web:%s", labels["docker-bmo.stack"], strings.TrimPrefix(labels["docker-bmo.key"], "sha256:")[:12])},
		}
		if err := writeFile(archive, e.Config, text); err != nil {
			return err
		}
		index = append(index, e)
	}
	text, err := json.Marshal(index)
	if err != nil {
		return err
	}
	if err := writeFile(archive, "layer.tar", layer.Bytes()); err != nil {
		return err
	}
	return writeFile(archive, "manifest.json", text)
}

func writeFile(archive *tar.Writer, name string, content []byte) error {
	if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))}); err != nil {
		return err
	}
	_, err := archive.Write(content)
	return err
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
