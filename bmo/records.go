package bmo

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/journal"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// archive is where the client's records are; nil if it keeps none.
func (c *Client) archive() *journal.Archive {
	if c.stateDir == "" {
		return nil
	}
	return journal.OpenArchive(filepath.Join(c.stateDir, "records"))
}

// settleTime limits how long records are made whole of what has been removed.
const settleTime = 10 * time.Second

// settle makes the records whole of what has been removed, even if ctx is done.
func (c *Client) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	c.keeper.Settle(ctx)
}

// open returns what is known of an instance that is there, else the newest record of that name: of an instance that is
// gone, of how a snapshot was made, or of a bootstrap that has failed. An empty name means the newest record of all. q says
// what of it is wanted.
func (c *Client) open(ctx context.Context, name string, q journal.Query) (*journal.View, error) {
	_, down := c.Connect(ctx)
	defer c.sayIfSlow("reading the record")()
	if down == nil && name != "" {
		inst, err := instance.Find(ctx, c.engine, name)
		if err == nil {
			return c.openInstance(ctx, inst, q)
		}
		if engine.IsFailure(err) {
			down = err
		}
	}
	a := c.archive()
	if a == nil {
		return nil, errors.Join(down, noRecord(name))
	}
	info, err := a.Find(name)
	if errors.Is(err, journal.ErrNotFound) && down != nil {
		return nil, down
	}
	if errors.Is(err, journal.ErrNotFound) {
		info, err = c.findMade(ctx, a, name)
	}
	if err != nil {
		return nil, err
	}
	if down != nil || info.Engine != "" && info.Engine != c.info.ID {
		return a.Open(ctx, nil, info, q) // what is on another engine cannot be asked for
	}
	return a.Open(ctx, c.engine, info, q)
}

// findMade returns the record of how a snapshot was made that is on the engine, by its name, too.
func (c *Client) findMade(ctx context.Context, a *journal.Archive, name string) (journal.Info, error) {
	if name == "" {
		return journal.Info{}, noRecord(name)
	}
	s, err := snapshot.ResolveAny(ctx, c.engine, name)
	if errors.Is(err, snapshot.ErrNone) {
		return journal.Info{}, noRecord(name)
	}
	if err != nil {
		return journal.Info{}, err
	}
	i, err := a.Find(s.Key)
	if errors.Is(err, journal.ErrNotFound) {
		err = hint.Wrap(fmt.Errorf("there is no record of how snapshot %s was made", name),
			"there is none of one that was committed, or came from elsewhere, and none that is older than a month")
	}
	return i, err
}

// openInstance opens the record of an instance that is there; one without a record has what the engine knows.
func (c *Client) openInstance(ctx context.Context, i *instance.Instance, q journal.Query) (v *journal.View, err error) {
	defer func() {
		if v != nil {
			v.Know(i.ServiceNames())
		}
	}()
	if a := c.archive(); a != nil && i.Record != "" {
		if info, err := a.Find(i.Record); err == nil {
			return a.Open(ctx, c.engine, info, q)
		}
	}
	h := journal.Header{Kind: label.RoleInstance, Name: i.Name, Key: i.Key, Stack: i.Stack, Created: i.Created}
	v, err = journal.OpenLive(ctx, c.engine, h, label.Instance+"="+i.Name, q)
	return v, meanwhile(i.Name, err)
}

func noRecord(name string) error {
	if name == "" {
		return hint.Wrap(errors.New("there is no record yet"), "records are kept from the first `docker bmo build` or `docker bmo run` on")
	}
	return hint.Wrap(fmt.Errorf("no such instance, snapshot or record: %s", name),
		"`docker bmo ps -a` lists instances, `docker bmo snapshot ls` snapshots; records of what is gone are kept for a month, --last shows the newest")
}

// recordName is what a record is called: the name of the instance or the short key of the snapshot.
func recordName(i journal.Info) string {
	if i.Name != "" {
		return i.Name
	}
	return ShortKey(i.Key)
}

// Recorded returns the names that there are records of, newest first: of instances, and short keys of snapshots.
func (c *Client) Recorded() []string {
	a := c.archive()
	if a == nil {
		return nil
	}
	list, err := a.List()
	if err != nil {
		return nil
	}
	var names []string
	for _, i := range list {
		name := recordName(i)
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
