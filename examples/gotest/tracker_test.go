// Package gotest shows how Go tests get an application with its database: each test has an instance of its own, so they
// run in parallel and see only what they wrote themselves. Run them with `go test ./...`.
package gotest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/bmotest"
)

func TestNewTrackerIsEmptyOfOurs(t *testing.T) {
	t.Parallel()
	tracker := bmotest.Start(t, "demo", baseImages())
	for _, b := range bugs(t, tracker) {
		if b.Summary == "mine" {
			t.Fatalf("another test's bug is here: %+v", b)
		}
	}
}

func TestFileABug(t *testing.T) {
	t.Parallel()
	tracker := bmotest.Start(t, "demo", baseImages())
	before := len(bugs(t, tracker))
	file(t, tracker, "mine")
	if got := len(bugs(t, tracker)); got != before+1 {
		t.Fatalf("%d bugs after one was filed, %d before", got, before)
	}
}

func TestTwoTrackersKnowNothingOfOneAnother(t *testing.T) {
	t.Parallel()
	two := bmotest.StartN(t, 2, "demo", baseImages())
	before := len(bugs(t, two[1]))
	file(t, two[0], "mine")
	if got := len(bugs(t, two[1])); got != before {
		t.Fatalf("%d bugs, want %d", got, before)
	}
}

type bug struct {
	ID      int    `json:"id"`
	Summary string `json:"summary"`
}

// bugs returns the bugs that a tracker lists.
func bugs(t *testing.T, tracker *bmo.Instance) []bug {
	t.Helper()
	resp, err := http.Get(tracker.URL + "/rest/bug?limit=100")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("listing bugs: %s", resp.Status)
	}
	var list struct{ Bugs []bug }
	if err := json.NewDecoder(resp.Body).Decode(&list); err != nil {
		t.Fatal(err)
	}
	return list.Bugs
}

// file files a bug with the account that the stack gives test commands.
func file(t *testing.T, tracker *bmo.Instance, summary string) {
	t.Helper()
	body, _ := json.Marshal(map[string]string{"product": "TestProduct", "component": "TestComponent", "summary": summary, "version": "unspecified"})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, tracker.URL+"/rest/bug", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Bugzilla-API-Key", tracker.Env["BMO_API_KEY"])
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= http.StatusBadRequest {
		t.Fatalf("filing a bug: %s", resp.Status)
	}
}
