package engine

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/docker/docker/api/types/container"
)

// Files that are taken out of containers for a while are kept in another container, which is never started and never
// committed: so somebody else can put them back when the process that has taken them out is killed.

// Kept is a file or folder of a container as it was, with modes and owners.
type Kept struct {
	// Container is the container's identifier, Path where it was there.
	Container, Path string
	// Archive is what ReadArchive returns for it.
	Archive []byte
}

// keptIn is the folder for them. All of them are there once keptWhole is, and are of no use any more once keptBack is.
const (
	keptIn    = "/docker-bmo-kept"
	keptWhole = keptIn + "/whole"
	keptBack  = keptIn + "/back"
)

// Keep writes what was read of other containers into the one with that identifier.
func (e *Engine) Keep(ctx context.Context, id string, kept []Kept) error {
	var files []File
	for _, k := range kept {
		files = append(files, File{Path: path.Join(keptIn, k.Container, k.Path), Content: k.Archive, Mode: 0o400})
	}
	// The engine writes one after the other: if this process is killed while it sends them, the last one is missing.
	return e.WriteFiles(ctx, id, "/", append(files, File{Path: keptWhole, Mode: 0o400}))
}

// KeptIn returns what Keep has written into a container. It is nothing if Keep was killed in the middle or ForgetKept has
// been called.
func (e *Engine) KeptIn(ctx context.Context, id string) ([]Kept, error) {
	r, err := e.ReadArchive(ctx, id, keptIn)
	if IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer r.Close()
	kept, err := readKept(tar.NewReader(r))
	if err != nil {
		return nil, fmt.Errorf("read what is kept in container %s: %w", id, err)
	}
	return kept, nil
}

func readKept(in *tar.Reader) (kept []Kept, err error) {
	there := map[string]bool{}
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		name := "/" + h.Name
		there[name] = true
		if h.Typeflag != tar.TypeReg || name == keptWhole || name == keptBack {
			continue
		}
		container, at, _ := strings.Cut(strings.TrimPrefix(name, keptIn+"/"), "/")
		content, err := io.ReadAll(in)
		if err != nil {
			return nil, err
		}
		kept = append(kept, Kept{Container: container, Path: "/" + at, Archive: content})
	}
	if !there[keptWhole] || there[keptBack] {
		return nil, nil
	}
	return kept, nil
}

// PutBack puts what is kept of a container back where it was.
func (e *Engine) PutBack(ctx context.Context, k Kept) error {
	err := e.api.CopyToContainer(ctx, k.Container, path.Dir(k.Path), bytes.NewReader(k.Archive),
		container.CopyToContainerOptions{AllowOverwriteDirWithFile: true})
	if err != nil {
		return fmt.Errorf("write %s into container %s: %w", k.Path, k.Container, Plain(err))
	}
	return nil
}

// ForgetKept makes what Keep has written into a container count as nothing: from when all of it is back, what becomes of it in
// its own containers is newer.
func (e *Engine) ForgetKept(ctx context.Context, id string) error {
	return e.WriteFiles(ctx, id, "/", []File{{Path: keptBack, Mode: 0o400}})
}
