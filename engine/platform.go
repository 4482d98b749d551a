package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/containerd/platforms"
	bkclient "github.com/moby/buildkit/client"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// RunsPlatform returns an error if the engine's machine cannot run programs of a platform, which ParsePlatform has returned.
// BuildKit is asked only if that is not the engine's own.
func (e *Engine) RunsPlatform(ctx context.Context, info Info, platform string) error {
	if platform == info.Platform() {
		return nil
	}
	emulated, err := e.emulated(ctx)
	if err != nil {
		return err
	}
	return info.runs(platform, emulated)
}

func (i Info) runs(platform string, emulated []string) error {
	if slices.Contains(emulated, platform) {
		return nil
	}
	return hint.Wrap(fmt.Errorf("platform %s is not the engine's own, %s, and its machine has no emulator for it (exec format error)", platform, i.Platform()),
		"leave out --platform, or DOCKER_DEFAULT_PLATFORM, or choose an engine of that platform with `docker context use` or DOCKER_HOST, or have an emulator registered on the machine: "+
			"Debian's qemu-user-binfmt, qemu 10 or newer, does that")
}

// ParsePlatform returns the platform that word names as BuildKit writes it, "" being the engine's own, with the engine's own in the engine's words.
func (i Info) ParsePlatform(word string) (string, error) {
	if word == "" {
		return i.Platform(), nil
	}
	own, err := platforms.Parse(i.Platform())
	if err != nil {
		return "", fmt.Errorf("platform of the engine: %w", err)
	}
	platform := ""
	for one := range strings.SplitSeq(word, ",") {
		p, err := platforms.Parse(strings.TrimSpace(one))
		if err != nil {
			return "", hint.Wrap(fmt.Errorf("invalid platform %q", one), i.platformHint())
		}
		name := platforms.Format(platforms.Normalize(p))
		switch {
		case platforms.OnlyStrict(own).Match(p):
			name = i.Platform()
		case p.OS != own.OS:
			return "", hint.Wrap(fmt.Errorf("platform %s: %s containers are needed", name, own.OS), i.platformHint())
		}
		if platform != "" && name != platform {
			return "", hint.Wrap(fmt.Errorf("a snapshot is for one platform, not for %s and %s", platform, name), "make one after the other")
		}
		platform = name
	}
	return platform, nil
}

func (i Info) platformHint() string {
	return "a platform is OS/ARCH, such as " + i.Platform() + "; --platform names it, else DOCKER_DEFAULT_PLATFORM"
}

// emulated returns the platforms that the engine's machine runs programs of. BuildKit looks for that each time.
func (e *Engine) emulated(ctx context.Context) ([]string, error) {
	bk, err := e.BuildKit(ctx)
	if err != nil {
		return nil, err
	}
	defer bk.Close()
	workers, err := ask(ctx, e.limits, e.limits.question(), "ask BuildKit for its platforms", func(ctx context.Context) ([]*bkclient.WorkerInfo, error) {
		return bk.ListWorkers(ctx)
	})
	if err != nil {
		return nil, fmt.Errorf("ask BuildKit for its platforms: %w", Plain(err))
	}
	var list []string
	for _, w := range workers {
		for _, p := range w.Platforms {
			list = append(list, platforms.Format(platforms.Normalize(p)))
		}
	}
	return list, nil
}
