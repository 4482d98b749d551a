package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/docker/cli/cli/command"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// addPushFlags adds the flags that say what is said of a snapshot that is pushed, and by whom.
func (o *stackOptions) addPushFlags(flags *pflag.FlagSet) {
	flags.StringArrayVar(&o.attests, "attest", nil, `Attestation parameters (format: "type=sbom,generator=image")`)
	flags.StringVar(&o.provenance, "provenance", "", `Shorthand for "--attest=type=provenance"`)
	flags.StringVar(&o.sbom, "sbom", "", `Shorthand for "--attest=type=sbom"`)
	flags.StringVar(&o.sign, "sign", "", `Sign what is pushed by a private key of cosign's (e.g., "cosign.key", "env://COSIGN_PRIVATE_KEY")`)
}

func (o *stackOptions) addVerifyFlag(flags *pflag.FlagSet) {
	flags.StringVar(&o.verify, "verify", "", `Take from a repository only what was signed by that key (e.g., "cosign.pub", "env://COSIGN_PUBLIC_KEY")`)
}

// attest parses the flags that say what to attest. BUILDX_NO_DEFAULT_ATTESTATIONS has nothing attested that no flag asks
// for, as in buildx.
func (o *stackOptions) attest() (bmo.Attest, error) {
	a, err := bmo.ParseAttest(o.attests, o.provenance, o.sbom)
	if none, _ := strconv.ParseBool(os.Getenv("BUILDX_NO_DEFAULT_ATTESTATIONS")); none && !a.Asked {
		a.Provenance = false
	}
	return a, err
}

// verifyingKey reads the key of --verify, else that of the environment; nil for none.
func (o *stackOptions) verifyingKey() (*bmo.VerifyingKey, error) {
	ref := cmp.Or(o.verify, os.Getenv("DOCKER_BMO_VERIFY"))
	if ref == "" {
		return nil, nil
	}
	key, err := bmo.ReadVerifyingKey(ref)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flagOr(o.verify, "--verify", "DOCKER_BMO_VERIFY"), err)
	}
	return key, nil
}

// signingKey reads the key of --sign, and asks for its password if it has one; nil for none.
func (o *stackOptions) signingKey(ctx context.Context, dockerCli command.Cli) (*bmo.SigningKey, error) {
	if o.sign == "" {
		return nil, nil
	}
	key, err := bmo.ReadSigningKey(o.sign, func() ([]byte, error) { return keyPassword(ctx, dockerCli) })
	if err != nil {
		return nil, fmt.Errorf("--sign: %w", err)
	}
	return key, nil
}

// flagOr names the flag if it was given, else what stands for it.
func flagOr(value, flag, otherwise string) string {
	if value != "" {
		return flag
	}
	return otherwise
}

// keyPassword returns the password of a private key as cosign does: from the environment, else from the terminal.
func keyPassword(ctx context.Context, dockerCli command.Cli) ([]byte, error) {
	if word, ok := os.LookupEnv("COSIGN_PASSWORD"); ok {
		return []byte(word), nil
	}
	if !dockerCli.In().IsTerminal() {
		return nil, hint.Wrap(errors.New("the key needs a password, and there is no terminal to ask for it"), "set COSIGN_PASSWORD")
	}
	fmt.Fprint(dockerCli.Err(), "Enter password for private key: ")
	defer fmt.Fprintln(dockerCli.Err())
	fd := int(dockerCli.In().FD())
	shown, err := term.GetState(fd)
	if err != nil {
		return nil, err
	}
	type answer struct {
		word []byte
		err  error
	}
	read := make(chan answer, 1)
	go func() {
		word, err := term.ReadPassword(fd)
		read <- answer{word, err}
	}()
	select {
	case a := <-read:
		return a.word, a.err
	case <-ctx.Done(): // the read goes on, but what is typed is shown again
		return nil, errors.Join(context.Cause(ctx), term.Restore(fd, shown))
	}
}
