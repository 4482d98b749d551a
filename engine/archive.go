package engine

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/pkg/jsonmessage"
)

// File is a file to write into a container.
type File struct {
	// Path is absolute; the folders on the way are made.
	Path     string
	Content  []byte
	Mode     fs.FileMode
	UID, GID int
}

// WriteFiles writes files below a folder of a container, whether it runs or not, in place of what is there. The
// filesystem of a container may be read-only and have a volume in it that is not: then dir must be in the volume.
func (e *Engine) WriteFiles(ctx context.Context, id, dir string, files []File) error {
	archive, err := tarOf(dir, files)
	if err != nil {
		return err
	}
	err = e.api.CopyToContainer(ctx, id, dir, archive, container.CopyToContainerOptions{AllowOverwriteDirWithFile: true})
	if err != nil {
		return fmt.Errorf("write files into container %s: %w", id, Plain(err))
	}
	return nil
}

// tarOf returns an archive of files that is to be extracted in dir.
func tarOf(dir string, files []File) (io.Reader, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		name, ok := strings.CutPrefix(path.Clean(f.Path), strings.TrimSuffix(dir, "/")+"/")
		if !ok {
			return nil, fmt.Errorf("%s is not below %s", f.Path, dir)
		}
		err := w.WriteHeader(&tar.Header{
			Typeflag: tar.TypeReg, Name: name, Size: int64(len(f.Content)), Mode: int64(f.Mode.Perm()), Uid: f.UID, Gid: f.GID,
			ModTime: time.Now(), Format: tar.FormatPAX,
		})
		if err == nil {
			_, err = w.Write(f.Content)
		}
		if err != nil {
			return nil, fmt.Errorf("archive of %s: %w", f.Path, err)
		}
	}
	return &b, w.Close()
}

// ReadArchive returns the tar archive of a file or folder of a container, whose entries begin with its last name. The
// caller closes it.
func (e *Engine) ReadArchive(ctx context.Context, id, from string) (io.ReadCloser, error) {
	r, _, err := e.api.CopyFromContainer(ctx, id, from)
	if err != nil {
		return nil, fmt.Errorf("read %s of container %s: %w", from, id, Plain(err))
	}
	return saved{r}, nil
}

// ImportImage makes an image with that name of one tar archive.
func (e *Engine) ImportImage(ctx context.Context, ref, platform string, archive io.Reader, labels map[string]string) error {
	changes := make([]string, 0, len(labels))
	for k, v := range labels {
		changes = append(changes, fmt.Sprintf("LABEL %q=%q", k, v))
	}
	repo, tag := ref, ""
	if i := strings.LastIndexByte(ref, ':'); i > strings.LastIndexByte(ref, '/') {
		repo, tag = ref[:i], ref[i+1:]
	}
	r, err := e.api.ImageImport(ctx, image.ImportSource{Source: archive, SourceName: "-"}, repo,
		image.ImportOptions{Tag: tag, Platform: platform, Changes: changes})
	if err != nil {
		return fmt.Errorf("import image %s: %w", ref, Plain(err))
	}
	if err := messages(r, func(jsonmessage.JSONMessage) error { return nil }); err != nil {
		return fmt.Errorf("import image %s: %w", ref, err)
	}
	return nil
}
