package launch

import (
	"context"
	"fmt"
	"io"
	"path"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/stack"
)

// Secrets and configs are kept as they are in a container for as long as it is committed without them.

// maxKept is how large one of them may have become there: as large as it can be in a stack.
var maxKept int64 = 64 << 20

// tarOverhead is more than an archive of one file has in addition.
const tarOverhead = 64 << 10

// tooLargeError reports a file that is larger than what is kept of one.
type tooLargeError struct{ path string }

func (e *tooLargeError) Error() string {
	return fmt.Sprintf("%s is larger than %d MiB", e.path, maxKept>>20)
}

// Hint says what to do about it.
func (e *tooLargeError) Hint() string {
	return "a commit takes secrets and configs out and puts them back, up to that size: make it smaller, or have the application write to another file"
}

// KeepFiles returns the secrets and configs that BlankFiles blanks as they are now.
func (g *Group) KeepFiles(ctx context.Context, s stack.Service) (all []engine.Kept, err error) {
	for _, f := range s.Files {
		if _, own := fileFolder(s, f); own {
			continue
		}
		kept, err := g.keepFile(ctx, g.ID(s.Name), path.Clean(f.Target))
		if engine.IsNotFound(err) {
			continue // the application has removed it
		}
		if err != nil {
			return nil, fmt.Errorf("service %s: %s %s: %w", s.Name, kind(f), f.Name, err)
		}
		all = append(all, kept)
	}
	return all, nil
}

// keepFile reads a file or, if the application has made one of it, a folder. Its size is the application's matter, so it is not
// read beyond the limit.
func (g *Group) keepFile(ctx context.Context, id, at string) (k engine.Kept, err error) {
	archive, err := g.Engine.ReadArchive(ctx, id, at)
	if err != nil {
		return k, err
	}
	defer archive.Close()
	limit := maxKept + tarOverhead
	content, err := io.ReadAll(io.LimitReader(archive, limit+1))
	if err != nil {
		return k, fmt.Errorf("read %s: %w", at, err)
	}
	if int64(len(content)) > limit {
		return k, &tooLargeError{at}
	}
	return engine.Kept{Container: id, Path: at, Archive: content}, nil
}
