package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/docker/cli/opts"
)

// environment returns what --env-file and --env give the application, read as docker does: --env wins, and KEY alone
// takes the environment's value.
func (o runOptions) environment() (map[string]string, error) {
	words, err := opts.ReadKVEnvStrings(o.envFile, nil)
	if err != nil {
		return nil, fmt.Errorf("--env-file: %w", err)
	}
	return environValues("--env", append(words, o.env...))
}

// environValues parses a flag's KEY=VALUE values as docker does: KEY alone takes the environment's value.
func environValues(flag string, words []string) (map[string]string, error) {
	m := make(map[string]string, len(words))
	for _, w := range words {
		k, v, ok := strings.Cut(w, "=")
		if k == "" {
			return nil, fmt.Errorf("invalid %s %q: want KEY=VALUE", flag, w)
		}
		if !ok {
			if v, ok = os.LookupEnv(k); !ok {
				continue
			}
		}
		m[k] = v
	}
	return m, nil
}
