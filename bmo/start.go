package bmo

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/docker-bmo/docker-bmo/dockerfiles"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/private"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/stack"
)

// keptStack is what a start needs of a stack, as it was when the snapshot was made.
type keptStack struct {
	Stack *stack.Stack
	// BuiltIn reports that its files are those of the built-in stacks.
	BuiltIn bool
}

// startKey is the name of the file, in the state folder, with the key that stacks are sealed with. Their environment may
// have passwords in it, which nobody is to read from an image.
const startKey = "start.key"

const startKeySize = 32 // AES-256

// maxStart is how long a label with a stack may be, in bytes, and maxKept how much that may be when it is decompressed.
const maxStart, maxKept = 64 << 10, 16 << 20

// sealStart returns a stack as a label, "" when it cannot be kept: starts from the snapshot need the stack's file then.
func (c *Client) sealStart(st *stack.Stack) string {
	sealer, err := c.startSealer(true)
	if err != nil {
		return ""
	}
	kept := *st
	kept.FS, kept.BuiltIn, kept.Notes, kept.Warnings, kept.Variables = nil, nil, nil, nil, nil
	text, err := json.Marshal(keptStack{Stack: &kept, BuiltIn: st.FS != nil})
	if err != nil {
		return ""
	}
	var packed bytes.Buffer
	w, _ := flate.NewWriter(&packed, flate.BestCompression) // fails for another level only
	_, _ = w.Write(text)
	_ = w.Close()
	nonce := make([]byte, sealer.NonceSize())
	_, _ = rand.Read(nonce) // never fails, says crypto/rand
	sealed := base64.RawStdEncoding.EncodeToString(sealer.Seal(nonce, nonce, packed.Bytes(), nil))
	if len(sealed) > maxStart {
		return ""
	}
	return sealed
}

// ErrNotKept reports that a snapshot does not have its stack with it, or that only the user who made it can read that.
var ErrNotKept = errors.New("its stack is not kept with it")

// KeptStack returns the stack of the snapshot of that name, or whose key begins with prefix, as it was when the snapshot was made, for
// starts that need no file of it. Secrets and configs are read anew where they came from; environ has the variables that
// they come from, as os.Environ returns them. An error wraps ErrNotKept when the snapshot was made by another user, on
// another machine or before stacks were kept, or when the state folder has been emptied since.
func (c *Client) KeptStack(ctx context.Context, prefix string, environ []string) (*stack.Stack, error) {
	if _, err := c.Connect(ctx); err != nil {
		return nil, err
	}
	s, err := snapshot.Resolve(ctx, c.engine, prefix)
	if err != nil {
		return nil, err
	}
	kept, err := c.openStart(s.Once(label.Start))
	if err != nil {
		return nil, hint.Wrap(fmt.Errorf("snapshot %s: %w", snapshot.Short(s.Key), ErrNotKept), "name the stack that it was made from with --stack")
	}
	st := kept.Stack
	if kept.BuiltIn {
		st.FS = dockerfiles.FS
	} else {
		st.BuiltIn = dockerfiles.FS
	}
	st.Variables = map[string]string{}
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		st.Variables[name] = value
	}
	return st, nil
}

// openStart returns what sealStart was given.
func (c *Client) openStart(sealed string) (*keptStack, error) {
	sealer, err := c.startSealer(false)
	if err != nil {
		return nil, err
	}
	data, err := base64.RawStdEncoding.DecodeString(sealed)
	if err != nil || len(data) < sealer.NonceSize() {
		return nil, ErrNotKept
	}
	packed, err := sealer.Open(nil, data[:sealer.NonceSize()], data[sealer.NonceSize():], nil)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), maxKept))
	if err != nil {
		return nil, err
	}
	var kept keptStack
	if err := json.Unmarshal(text, &kept); err != nil || kept.Stack == nil {
		return nil, ErrNotKept
	}
	return &kept, nil
}

// startSealer returns what seals and opens stacks. Only with create it makes a key when there is none.
func (c *Client) startSealer(create bool) (cipher.AEAD, error) {
	key, err := c.stateKey(create)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// stateKey returns the user's key. Only with create it makes one when there is none.
func (c *Client) stateKey(create bool) ([]byte, error) {
	if c.stateDir == "" {
		return nil, errors.New("there is no state folder")
	}
	key, err := os.ReadFile(filepath.Join(c.stateDir, startKey))
	if os.IsNotExist(err) && create {
		key, err = c.newStartKey()
	}
	if err != nil {
		return nil, err
	}
	if len(key) != startKeySize {
		return nil, fmt.Errorf("%s in the state folder is no key", startKey)
	}
	return key, nil
}

// newStartKey writes a key, which nobody else can read. Of several processes that do so at the same time, one wins.
func (c *Client) newStartKey() ([]byte, error) {
	if err := private.Dir(c.stateDir); err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(c.stateDir, startKey+"-*") // with mode 0600
	if err != nil {
		return nil, err
	}
	defer os.Remove(file.Name())
	key := make([]byte, startKeySize)
	_, _ = rand.Read(key) // never fails, says crypto/rand
	_, err = file.Write(key)
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	at := filepath.Join(c.stateDir, startKey)
	if err := os.Link(file.Name(), at); err != nil && !os.IsExist(err) {
		return nil, err
	}
	return os.ReadFile(at)
}
