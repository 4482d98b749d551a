package harness

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Recorder listens to the engine's events, to know which volumes the containers of our stacks were given: an anonymous
// volume has no label that would tell.
type Recorder struct {
	cmd  *exec.Cmd
	done chan struct{}

	mu         sync.Mutex
	containers map[string]string   // the stack of each container of ours
	volumes    map[string][]string // the containers that mounted each volume
	gone       map[string]int      // how many containers of each stack have been removed
}

// event is one of `docker events`.
type event struct {
	Type, Action string
	Actor        struct {
		ID         string
		Attributes map[string]string
	}
}

func record() (*Recorder, error) {
	r := &Recorder{done: make(chan struct{}), containers: map[string]string{}, volumes: map[string][]string{}, gone: map[string]int{}}
	// The engine repeats what happens between now and the moment that it hears of us.
	r.cmd = exec.Command("docker", "events", "--since", strconv.FormatInt(time.Now().Unix(), 10), "--format", "{{json .}}",
		"--filter", "type=container", "--filter", "type=volume")
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	go func() {
		defer close(r.done)
		for d := json.NewDecoder(out); ; {
			var e event
			if d.Decode(&e) != nil {
				return
			}
			r.take(e)
		}
	}()
	return r, r.cmd.Start()
}

func (r *Recorder) take(e event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch stack := e.Actor.Attributes[StackLabel]; {
	case e.Type == "volume" && e.Action == "mount":
		r.volumes[e.Actor.ID] = append(r.volumes[e.Actor.ID], e.Actor.Attributes["container"])
	case e.Type != "container" || !strings.HasPrefix(stack, Suite.ID):
	case e.Action == "create":
		r.containers[e.Actor.ID] = stack
	case e.Action == "destroy":
		r.gone[stack]++
	}
}

// Removed is how many containers of a stack have been removed so far.
func (r *Recorder) Removed(stack string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.gone[stack]
}

// stop ends the recording.
func (r *Recorder) stop() error {
	if err := r.cmd.Process.Kill(); err != nil {
		return err
	}
	<-r.done
	_ = r.cmd.Wait() // it was killed, and says so
	return nil
}

// Leaks names the volumes that outlived our containers.
func (r *Recorder) Leaks() error {
	out, err := Command("docker", "volume", "ls", "--quiet")
	if err != nil {
		return err
	}
	there := Lines(out)
	r.mu.Lock()
	defer r.mu.Unlock()
	var leaked []string
	for v, containers := range r.volumes {
		ours := slices.ContainsFunc(containers, func(c string) bool { return r.containers[c] != "" })
		if ours && slices.Contains(there, v) {
			leaked = append(leaked, v)
		}
	}
	if len(leaked) > 0 {
		return fmt.Errorf("volumes outlived their containers: %s", strings.Join(leaked, " "))
	}
	return nil
}
