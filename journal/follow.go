package journal

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
)

// followPause is how often a file that another process writes is looked at.
var followPause = 200 * time.Millisecond

// Follow calls fn with what comes after what the view has, as it comes, until ctx is done, which is no error, or until
// there is nothing left that could print anything. It returns an error when the engine is lost.
func (v *View) Follow(ctx context.Context, fn func(Entry)) error {
	if v.kept {
		if over, err := v.followFile(ctx, fn); over || err != nil {
			return err
		}
	}
	if v.e == nil || v.Ended || ctx.Err() != nil {
		return nil
	}
	asked := ctx
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	w := watch(ctx, v.e, v.memory(fn), v.of, giveUp)
	defer w.stop()
	list, err := v.e.Containers(asked, v.of)
	if err != nil {
		return err
	}
	for _, c := range list {
		if printed(c.Labels) && (c.State == "running" || c.State == "paused") {
			w.follow(ctx, c.ID, ServiceOf(c.Labels, c.Name))
		}
	}
	w.idle(ctx)
	for v.Linger > 0 && engine.Sleep(ctx, v.Linger) && w.busy() {
		w.idle(ctx)
	}
	if err := context.Cause(ctx); asked.Err() == nil {
		return err
	}
	return nil
}

// followFile calls fn with what the process writes that keeps the record. over reports that nothing will follow.
func (v *View) followFile(ctx context.Context, fn func(Entry)) (over bool, err error) {
	for {
		free, _ := tryLock(v.file)
		if free {
			unlock(v.file)
		}
		if err := v.more(func(e Entry) {
			v.state.note(e)
			over = over || e.Kind == KindEnd
			fn(e)
		}); err != nil {
			return true, err
		}
		if over || free {
			v.Ended = over
			return over, nil
		}
		if !engine.Sleep(ctx, followPause) {
			return true, nil
		}
	}
}

// more reads what has been added to the file in whole lines.
func (v *View) more(fn func(Entry)) error {
	br := bufio.NewReader(io.NewSectionReader(v.file, v.size, 1<<62))
	for {
		line, err := readLine(br)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the record: %w", err)
		}
		v.size += int64(len(line))
		if e, err := decode(bytes.TrimSuffix(line, []byte("\n"))); err == nil && e.Kind != "" {
			fn(e)
		}
	}
}
