package main

import (
	"bufio"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/docker/cli/cli/command"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// list returns the tests that are to be run: files that match patterns, else the lines of standard input.
func (o testOptions) list(dockerCli command.Cli) (tests []string, err error) {
	if len(o.files) > 0 {
		return findFiles(o.files)
	}
	if dockerCli.In().IsTerminal() {
		return nil, hint.Wrap(fmt.Errorf("there are no tests: neither --files nor a list on standard input"),
			"for instance: docker bmo test --files 't/*.t' -- prove {}")
	}
	lines := bufio.NewScanner(dockerCli.In())
	for lines.Scan() {
		if test := strings.TrimRight(lines.Text(), "\r"); strings.TrimSpace(test) != "" {
			tests = append(tests, test)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the list of tests: %w", err)
	}
	if len(tests) == 0 {
		return nil, hint.Wrap(fmt.Errorf("there are no tests: standard input is empty"), "write one a line to it, or use --files")
	}
	return tests, nil
}

// findFiles returns the files that match patterns, each once. Each pattern has to match one: with a mistake in it, tests would
// go unnoticed.
func findFiles(patterns []string) (files []string, err error) {
	for _, pattern := range patterns {
		found, err := expand(pattern)
		if err != nil {
			return nil, fmt.Errorf("--files %q: %w", pattern, err)
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("--files %q: no file matches", pattern)
		}
		for _, f := range found {
			if !slices.Contains(files, f) {
				files = append(files, f)
			}
		}
	}
	return files, nil
}

// expand returns what matches a pattern, sorted. `**/` in it stands for any number of folders, but for hidden ones.
func expand(pattern string) ([]string, error) {
	before, after, deep := strings.Cut(filepath.ToSlash(pattern), "**/")
	if !deep {
		return filepath.Glob(pattern)
	}
	roots := []string{""}
	if before != "" {
		var err error
		if roots, err = filepath.Glob(filepath.FromSlash(strings.TrimSuffix(before, "/"))); err != nil {
			return nil, err
		}
	}
	var found []string
	for _, root := range roots {
		err := filepath.WalkDir(filepath.Clean(root), func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil || !d.IsDir():
				return nil //nolint:nilerr // what cannot be read has no tests
			case strings.HasPrefix(d.Name(), ".") && path != filepath.Clean(root):
				return fs.SkipDir
			}
			more, err := expand(literal(path) + "/" + after)
			found = append(found, more...)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	for i, f := range found {
		found[i] = filepath.Clean(f)
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}

// literal returns a pattern that a path alone matches.
func literal(path string) string {
	if runtime.GOOS == "windows" || !strings.ContainsAny(path, `*?[\`) {
		return path
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// replaced returns a command in which the placeholders are replaced. {} alone has to be somewhere, or comes last.
func replaced(words []string, test, junit, instance string) []string {
	r := strings.NewReplacer("{}", test, "{junit}", junit, "{instance}", instance)
	var list []string
	named := false
	for _, w := range words {
		named = named || strings.Contains(w, "{}")
		list = append(list, r.Replace(w))
	}
	if !named {
		list = append(list, test)
	}
	return list
}
