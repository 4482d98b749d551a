// Package kubetest is a Kubernetes cluster for tests: its API over HTTP, with what the controllers and the kubelet do of it for
// an instance. What runs in containers is a Program. What the cluster itself decides, such as what a deadline does, only a
// real one can show.
package kubetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Cluster is a cluster with one node.
type Cluster struct {
	*httptest.Server
	t testing.TB

	mu       sync.Mutex
	version  int
	objects  map[string]map[string]object // by resource, by name
	changed  chan struct{}
	history  []change
	asked    map[string]int // "VERB RESOURCE"
	faults   []*fault
	programs map[string]Program
	behave   func(c *Cluster, pod string)
	runs     map[string]*run // by "POD/CONTAINER"
}

// object is an object of the API as JSON.
type object = map[string]any

// change is one version of an object.
type change struct {
	version  int
	resource string
	kind     string // ADDED, MODIFIED, DELETED
	object   []byte
	labels   map[string]string
}

// fault is what a request is answered with in place of what was asked for.
type fault struct {
	what  string
	times int
	reply metav1.Status
	// lost breaks the connection instead, after what was asked for has been done if done is set.
	lost, done bool
}

// New returns a cluster on which the containers of a service run the program of that name.
func New(t testing.TB, programs map[string]Program) *Cluster {
	t.Helper()
	c := &Cluster{
		t: t, objects: map[string]map[string]object{}, changed: make(chan struct{}), asked: map[string]int{}, programs: programs, behave: (*Cluster).bringUp,
		runs: map[string]*run{},
	}
	c.Server = httptest.NewServer(http.HandlerFunc(c.serve))
	t.Cleanup(func() {
		c.mu.Lock()
		for _, r := range c.runs {
			r.kill()
		}
		c.mu.Unlock()
		c.CloseClientConnections()
		c.Close()
	})
	return c
}

// Kubeconfig returns the path of a file that leads to the cluster, by a context called test, in the namespace team.
func (c *Cluster) Kubeconfig() string {
	file := filepath.Join(c.t.TempDir(), "kubeconfig")
	text := fmt.Sprintf(`{"apiVersion": "v1", "kind": "Config", "current-context": "test",
"clusters": [{"name": "here", "cluster": {"server": %q}}], "users": [{"name": "me", "user": {"token": "mine"}}],
"contexts": [{"name": "test", "context": {"cluster": "here", "user": "me", "namespace": "team"}}]}`, c.URL)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
	return file
}

// Behave replaces what becomes of a Pod that has been made: without it its containers come up and run their programs.
func (c *Cluster) Behave(fn func(c *Cluster, pod string)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.behave = fn
}

// Fail makes requests fail, such as "create jobs" or "list pods", that many times.
func (c *Cluster) Fail(what string, times, code int, reason metav1.StatusReason, message string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = append(c.faults, &fault{what: what, times: times, reply: metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusFailure, Code: int32(code), Reason: reason, Message: message,
	}})
}

// Lose breaks the connection of the next such request, after what it asks for has been done if done is set.
func (c *Cluster) Lose(what string, done bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = append(c.faults, &fault{what: what, times: 1, lost: true, done: done})
}

// Heal takes back all that Fail and Lose have asked for.
func (c *Cluster) Heal() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = nil
}

// Asked returns what has been asked for, "VERB RESOURCE", and how often.
func (c *Cluster) Asked() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[string]int{}
	for k, v := range c.asked {
		out[k] = v
	}
	return out
}

// Names returns the objects that there are, "RESOURCE/NAME".
func (c *Cluster) Names() (names []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for resource, list := range c.objects {
		for name := range list {
			if resource != "events" {
				names = append(names, resource+"/"+name)
			}
		}
	}
	return names
}

// Get reads an object into one of the API's types.
func (c *Cluster) Get(resource, name string, into any) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	o, ok := c.objects[resource][name]
	if !ok {
		c.t.Fatalf("there is no %s %s", resource, name)
	}
	convert(c.t, o, into)
}

// Pod returns the only Pod.
func (c *Cluster) Pod() (pod corev1.Pod) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.objects["pods"]) != 1 {
		c.t.Fatalf("%d Pods", len(c.objects["pods"]))
	}
	for _, o := range c.objects["pods"] {
		convert(c.t, o, &pod)
	}
	return pod
}

// UpdatePod changes a Pod; it does nothing if the Pod is gone.
func (c *Cluster) UpdatePod(name string, change func(*corev1.Pod)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	o, ok := c.objects["pods"][name]
	if !ok {
		return
	}
	var pod corev1.Pod
	convert(c.t, o, &pod)
	change(&pod)
	var changed object
	convert(c.t, pod, &changed)
	c.put("pods", name, changed, "MODIFIED")
}

// Event adds an event about an object.
func (c *Cluster) Event(kind, name, fieldPath, reason, message string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	event := fmt.Sprintf("event-%d", c.version)
	var o object
	convert(c.t, corev1.Event{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Event"}, ObjectMeta: metav1.ObjectMeta{Name: event},
		InvolvedObject: corev1.ObjectReference{Kind: kind, Name: name, FieldPath: fieldPath}, Reason: reason, Message: message,
		LastTimestamp: metav1.Now(), Count: 1,
	}, &o)
	c.put("events", event, o, "ADDED")
}

// Remove removes an object, as somebody else would.
func (c *Cluster) Remove(resource, name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(resource, name)
}

func convert(t testing.TB, from, to any) {
	data, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(data, to)
	}
	if err != nil {
		t.Error(err)
	}
}

// put stores an object under a new version, and tells who watches.
func (c *Cluster) put(resource, name string, o object, kind string) {
	c.version++
	meta, _ := o["metadata"].(map[string]any)
	if meta == nil {
		meta = object{}
		o["metadata"] = meta
	}
	meta["name"], meta["resourceVersion"], meta["namespace"] = name, fmt.Sprint(c.version), "team"
	if kind == "ADDED" {
		meta["uid"], meta["creationTimestamp"] = fmt.Sprintf("uid-%d", c.version), time.Now().UTC().Format(time.RFC3339)
	}
	if c.objects[resource] == nil {
		c.objects[resource] = map[string]object{}
	}
	c.objects[resource][name] = o
	c.tell(resource, kind, o)
}

func (c *Cluster) tell(resource, kind string, o object) {
	data, _ := json.Marshal(o)
	c.history = append(c.history, change{c.version, resource, kind, data, labelsOf(o)})
	close(c.changed)
	c.changed = make(chan struct{})
}

// remove removes an object and what belongs to it.
func (c *Cluster) remove(resource, name string) {
	o, ok := c.objects[resource][name]
	if !ok {
		return
	}
	delete(c.objects[resource], name)
	c.version++
	c.tell(resource, "DELETED", o)
	if resource == "pods" {
		for key, r := range c.runs {
			if strings.HasPrefix(key, name+"/") {
				r.kill()
				delete(c.runs, key)
			}
		}
	}
	uid := fmt.Sprint(o["metadata"].(map[string]any)["uid"])
	for other, list := range c.objects {
		for owned, child := range list {
			if strings.Contains(fmt.Sprint(child["metadata"].(map[string]any)["ownerReferences"]), "uid:"+uid+"]") {
				c.remove(other, owned)
			}
		}
	}
}

func labelsOf(o object) map[string]string {
	out := map[string]string{}
	meta, _ := o["metadata"].(map[string]any)
	labels, _ := meta["labels"].(map[string]any)
	for k, v := range labels {
		out[k] = fmt.Sprint(v)
	}
	return out
}
