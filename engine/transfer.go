package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/registry"
	"github.com/docker/docker/pkg/jsonmessage"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// Credentials are what a registry wants to know of a user, as docker keeps them.
type Credentials struct {
	Username, Password, IdentityToken, RegistryToken string
}

func (c Credentials) header(host string) (string, error) {
	if c == (Credentials{}) {
		return "", nil
	}
	return registry.EncodeAuthConfig(registry.AuthConfig{
		Username: c.Username, Password: c.Password, IdentityToken: c.IdentityToken, RegistryToken: c.RegistryToken, ServerAddress: host,
	})
}

// Transfer is what the engine says of one layer that it sends to a registry or gets from there.
type Transfer struct {
	// ID is the beginning of a digest: of the layer as it is sent or, from some engines, of its content.
	ID string
	// Status is in docker's words, "Pushed" or "Already exists". Done and Total are bytes.
	Status      string
	Done, Total int64
}

// PushImage has the engine send an image of that name to the registry that the name begins with. It sends the layers that
// the registry lacks. tell may be called often.
func (e *Engine) PushImage(ctx context.Context, ref, host string, c Credentials, tell func(Transfer)) error {
	auth, err := c.header(host)
	if err != nil {
		return err
	}
	if auth == "" {
		auth = "e30=" // "{}": engines refuse a push without the header
	}
	r, err := e.api.ImagePush(ctx, ref, image.PushOptions{RegistryAuth: auth})
	if err == nil {
		err = transferred(r, tell)
	}
	if err != nil {
		return fmt.Errorf("push %s: %w", ref, Plain(err))
	}
	return nil
}

// PullImage has the engine get an image from the registry that its name begins with. It gets the layers that it lacks.
func (e *Engine) PullImage(ctx context.Context, ref, platform, host string, c Credentials, tell func(Transfer)) error {
	auth, err := c.header(host)
	if err != nil {
		return err
	}
	r, err := e.api.ImagePull(ctx, ref, image.PullOptions{RegistryAuth: auth, Platform: platform})
	if err == nil {
		err = transferred(r, tell)
	}
	if err != nil {
		return fmt.Errorf("pull %s: %w", ref, Plain(err))
	}
	return nil
}

// transferred reads what the engine says of a transfer to its end.
func transferred(r io.ReadCloser, tell func(Transfer)) error {
	return messages(r, func(m jsonmessage.JSONMessage) error {
		if m.ID == "" || tell == nil {
			return nil
		}
		t := Transfer{ID: m.ID, Status: m.Status}
		if m.Progress != nil {
			t.Done, t.Total = m.Progress.Current, m.Progress.Total
		}
		tell(t)
		return nil
	})
}

// messages reads what the engine says of its work to the end. An error on the way comes in the response, whose status says
// that all is well.
func messages(r io.ReadCloser, each func(jsonmessage.JSONMessage) error) error {
	defer r.Close()
	for d := json.NewDecoder(r); ; {
		var m jsonmessage.JSONMessage
		switch err := d.Decode(&m); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return cut(err)
		case m.Error != nil && IsNoSpace(m.Error):
			return hint.Wrap(m.Error, SpaceHint)
		case m.Error != nil:
			return m.Error
		}
		if err := each(m); err != nil {
			return err
		}
	}
}
