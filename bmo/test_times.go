package bmo

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/docker-bmo/docker-bmo/internal/private"
)

// testTimes is the file of how long tests took, of one stack and command; "" for none.
type testTimes string

// testTimes returns the file for tests of a stack that are run by a command. Its name tells nothing of either: there may be
// a password in the command.
func (c *Client) testTimes(stack string, command []string) testTimes {
	if c.cacheDir == "" || command == nil {
		return ""
	}
	sum := sha256.Sum256([]byte(strings.Join(append([]string{stack}, command...), "\x00")))
	return testTimes(filepath.Join(c.cacheDir, "test-times", hex.EncodeToString(sum[:8])+".json"))
}

// read returns the times. What cannot be read is not known.
func (f testTimes) read() map[string]time.Duration {
	took := map[string]time.Duration{}
	for name, seconds := range f.seconds() {
		took[name] = time.Duration(seconds * float64(time.Second))
	}
	return took
}

func (f testTimes) seconds() map[string]float64 {
	seconds := map[string]float64{}
	if b, err := os.ReadFile(string(f)); err != nil || json.Unmarshal(b, &seconds) != nil {
		return map[string]float64{}
	}
	return seconds
}

// add adds the times of tests that have passed. One that has failed may have ended early.
func (f testTimes) add(results []TestResult) error {
	if f == "" {
		return nil
	}
	dir := filepath.Dir(string(f))
	if err := private.Dir(dir); err != nil {
		return err
	}
	seconds := f.seconds()
	for _, r := range results {
		if r.Passed() {
			seconds[r.Test] = float64(r.Attempts[len(r.Attempts)-1].Took.Milliseconds()) / 1000
		}
	}
	b, err := json.MarshalIndent(seconds, "", "  ")
	if err != nil {
		return err
	}
	next, err := os.CreateTemp(dir, "next-*")
	if err != nil {
		return err
	}
	_, err = next.Write(append(b, '\n'))
	if err = errors.Join(err, next.Close()); err == nil {
		err = os.Rename(next.Name(), string(f)) // others see the old ones or the new ones, never half of them
	}
	if err != nil {
		return errors.Join(err, os.Remove(next.Name()))
	}
	return nil
}
