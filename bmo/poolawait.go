package bmo

import "context"

// awaitFiller is the step in which another process is waited for that fills the same pool.
const awaitFiller = "wait for another docker bmo that fills the pool"

// fillAndWait returns when the pool has its size, whoever has started its instances.
func (f *filler) fillAndWait(ctx context.Context) error {
	for {
		others, err := f.fill(ctx)
		if err != nil || len(others) == 0 {
			return err
		}
		if err := f.await(ctx, others); err != nil {
			return err
		}
	}
}

// await waits until others have started what they are starting for the pool, or are gone, or it lacks instances again, since
// some have failed.
func (f *filler) await(ctx context.Context, others []Instance) error {
	return f.p.awaitLocks(ctx, awaitFiller, func(ctx context.Context) ([]map[string]string, error) {
		if others == nil { // the first look was that of fill
			m, size, err := f.look(ctx)
			if err != nil || m.missing(size) > 0 {
				return nil, err
			}
			others = m.starting
		}
		var locks []map[string]string
		for _, i := range others {
			locks = append(locks, i.Labels)
		}
		others = nil
		return locks, nil
	})
}
