package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	bkclient "github.com/moby/buildkit/client"
)

// localRecord is the description of the records that sealing leaves in BuildKit's cache, one for each layer of an image
// in the engine's own store (moby, builder-next/adapters/containerimage/pull.go). They pin the layers even long after
// all images with them are gone, and cost nothing to make again.
const localRecord = "from local"

// tidy returns err, which came of work on images, with what forget fails with. An engine that was silent is not waited for
// once more.
func (e *Engine) tidy(ctx context.Context, bk *bkclient.Client, known map[string]*bkclient.UsageInfo, built int, err error) error {
	if silent := (*SilentError)(nil); errors.As(err, &silent) {
		return err
	}
	return errors.Join(err, e.forget(ctx, bk, known, built))
}

// forget drops the records that sealing an image has added for layers beyond those that BuildKit itself has built, that
// is, for the committed ones. known are the records that existed before; forget adds those that stay to it.
//
// The others pin nothing that the build's own records do not, and must not be dropped: when the engine has been
// restarted since the build, it has one reference to a layer for both records (moby, builder-next/adapters/snapshot),
// and releases it with the first. Then the layer is removed with the last image, and a build that finds its steps in
// the cache fails: "layer does not exist".
func (e *Engine) forget(ctx context.Context, bk *bkclient.Client, known map[string]*bkclient.UsageInfo, built int) error {
	records, err := e.recordsOf(ctx, bk)
	if err != nil {
		return err
	}
	filters := surplus(records, known, built)
	maps.Copy(known, records)
	if len(filters) == 0 {
		return nil
	}
	return do(ctx, e.limits, e.limits.labour(), "drop records of BuildKit's cache", func(ctx context.Context) error {
		return bk.Prune(ctx, nil, bkclient.PruneAll, bkclient.WithFilter(filters))
	})
}

// surplus returns filters for the records to drop.
func surplus(records, known map[string]*bkclient.UsageInfo, built int) (filters []string) {
	for id, r := range records {
		if known[id] == nil && strings.HasPrefix(r.Description, localRecord) && depth(records, r) > built {
			filters = append(filters, "id=="+id)
		}
	}
	slices.Sort(filters)
	return filters
}

// depth returns the number of layers that a record is built on, including its own.
func depth(records map[string]*bkclient.UsageInfo, r *bkclient.UsageInfo) int {
	n := 1
	for len(r.Parents) == 1 && records[r.Parents[0]] != nil {
		r = records[r.Parents[0]]
		n++
	}
	return n
}

// recordsOf returns all records of BuildKit's cache by their identifiers.
func (e *Engine) recordsOf(ctx context.Context, bk *bkclient.Client) (map[string]*bkclient.UsageInfo, error) {
	list, err := ask(ctx, e.limits, e.limits.labour(), "count what is in BuildKit's cache", func(ctx context.Context) ([]*bkclient.UsageInfo, error) {
		return bk.DiskUsage(ctx)
	})
	if err != nil {
		return nil, fmt.Errorf("list BuildKit's cache: %w", err)
	}
	records := make(map[string]*bkclient.UsageInfo, len(list))
	for _, r := range list {
		records[r.ID] = r
	}
	return records, nil
}

// builtLayers returns how many of an image's layers BuildKit has built: all but those whose history has our comment.
func builtLayers(config []byte, comment string) int {
	var img struct {
		RootFS struct {
			DiffIDs []string `json:"diff_ids"`
		} `json:"rootfs"`
		History []struct {
			CreatedBy  string `json:"created_by"`
			EmptyLayer bool   `json:"empty_layer"`
		} `json:"history"`
	}
	if json.Unmarshal(config, &img) != nil {
		return 0
	}
	n, ours := 0, false
	for _, h := range img.History {
		ours = ours || comment != "" && h.CreatedBy == comment
		if !h.EmptyLayer && h.CreatedBy != comment {
			n++
		}
	}
	if ours {
		return n
	}
	return len(img.RootFS.DiffIDs)
}
