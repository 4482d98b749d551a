package kubetest

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/httpstream"
	"k8s.io/apimachinery/pkg/util/httpstream/spdy"
)

// Program is what a container runs. It returns the exit code.
type Program func(p *Process) int

// Process is a program that runs.
type Process struct {
	Container corev1.Container
	r         *run
}

// run is a container that runs.
type run struct {
	c         *Cluster
	container corev1.Container

	once   sync.Once
	killed chan struct{}

	mu    sync.Mutex
	ports map[int]func(net.Conn)
	lines []string
	files map[string]string
	exec  func(words []string, stdin io.Reader, stdout, stderr io.Writer) int
}

func (r *run) kill() { r.once.Do(func() { close(r.killed) }) }

// Listen serves connections to a port.
func (p *Process) Listen(port int, serve func(net.Conn)) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.r.ports[port] = serve
}

// Exec is what becomes of commands that are run in the container.
func (p *Process) Exec(fn func(words []string, stdin io.Reader, stdout, stderr io.Writer) int) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.r.exec = fn
}

// Print prints lines.
func (p *Process) Print(lines ...string) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	for _, l := range lines {
		p.r.lines = append(p.r.lines, time.Now().UTC().Format(time.RFC3339Nano)+" "+l)
	}
}

// UntilKilled waits for the end of the Pod.
func (p *Process) UntilKilled() int {
	<-p.r.killed
	return 137
}

// Env returns a variable of the container's environment.
func (p *Process) Env(name string) string {
	for _, e := range p.Container.Env {
		if e.Name == name {
			return e.Value
		}
	}
	return ""
}

// podOf makes the Pod of a Job, as the Job controller does.
func (c *Cluster) podOf(name string, job object) {
	var j batchv1.Job
	convert(c.t, job, &j)
	pod := corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Name: name + "-x1y2z", Labels: j.Spec.Template.Labels, Annotations: j.Spec.Template.Annotations},
		Spec:       j.Spec.Template.Spec, Status: corev1.PodStatus{Phase: corev1.PodPending},
	}
	if pod.Labels == nil {
		pod.Labels = map[string]string{}
	}
	pod.Labels[batchv1.JobNameLabel] = name
	pod.OwnerReferences = []metav1.OwnerReference{{Kind: "Job", Name: name, UID: j.UID}}
	var o object
	convert(c.t, pod, &o)
	c.put("pods", pod.Name, o, "ADDED")
	behave := c.behave
	go behave(c, pod.Name)
}

// BringUp places a Pod and starts its containers.
func (c *Cluster) BringUp(pod string) { c.bringUp(pod) }

func (c *Cluster) bringUp(name string) {
	var containers []corev1.Container
	c.UpdatePod(name, func(p *corev1.Pod) {
		p.Spec.NodeName, p.Status.HostIP, p.Status.PodIP, p.Status.Phase = "node", "192.0.2.10", "10.0.0.9", corev1.PodRunning
		p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
		containers = append(append(containers, p.Spec.InitContainers...), p.Spec.Containers...)
	})
	for _, ctr := range containers {
		if !c.Start(name, ctr) {
			c.UpdatePod(name, func(p *corev1.Pod) { p.Status.Phase = corev1.PodFailed })
			return
		}
	}
}

// Start starts one container of a Pod with the program of its name. One that is to come to its end before the others start,
// a step or what fills a volume, is waited for. It reports whether others may start.
func (c *Cluster) Start(pod string, ctr corev1.Container) bool {
	r := &run{c: c, container: ctr, killed: make(chan struct{}), ports: map[int]func(net.Conn){}, files: map[string]string{}}
	c.mu.Lock()
	program := c.programs[ctr.Name]
	c.runs[pod+"/"+ctr.Name] = r
	c.mu.Unlock()
	toEnd := strings.HasPrefix(ctr.Name, "start-step-") || strings.HasPrefix(ctr.Name, "fill-volume-")
	switch {
	case program == nil && toEnd:
		program = func(*Process) int { return 0 }
	case program == nil:
		program = (*Process).UntilKilled
	}
	status := corev1.ContainerStatus{
		Name: ctr.Name, Image: ctr.Image, ContainerID: "containerd://" + ctr.Name + "-id", Ready: true, Started: yes(),
		State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}},
	}
	c.UpdatePod(pod, func(p *corev1.Pod) { setStatus(p, status) })
	done := make(chan int, 1)
	go func() {
		code := program(&Process{ctr, r})
		c.UpdatePod(pod, func(p *corev1.Pod) {
			status.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
				ExitCode: int32(code), Reason: map[bool]string{true: "Completed", false: "Error"}[code == 0], FinishedAt: metav1.Now(), ContainerID: status.ContainerID,
			}}
			status.Ready, status.Started = false, nil
			setStatus(p, status)
		})
		done <- code
	}()
	return !toEnd || <-done == 0
}

func yes() *bool { t := true; return &t }

func setStatus(p *corev1.Pod, s corev1.ContainerStatus) {
	list := &p.Status.ContainerStatuses
	for _, i := range p.Spec.InitContainers {
		if i.Name == s.Name {
			list = &p.Status.InitContainerStatuses
		}
	}
	for i := range *list {
		if (*list)[i].Name == s.Name {
			(*list)[i] = s
			return
		}
	}
	*list = append(*list, s)
}

func (c *Cluster) running(pod, container string) *run {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.runs[pod+"/"+container]
}

func (c *Cluster) log(w http.ResponseWriter, req *http.Request, pod string) {
	q := req.URL.Query()
	r := c.running(pod, q.Get("container"))
	if r == nil {
		refuse(w, http.StatusBadRequest, metav1.StatusReasonBadRequest, "the container has not started")
		return
	}
	from, tail := 0, -1
	if t := q.Get("tailLines"); t != "" {
		tail, _ = strconv.Atoi(t)
	}
	for first := true; ; first = false {
		r.mu.Lock()
		lines := r.lines
		r.mu.Unlock()
		if first && tail >= 0 {
			from = max(0, len(lines)-tail)
		}
		for ; from < len(lines); from++ {
			line := lines[from]
			if q.Get("timestamps") != "true" {
				_, line, _ = strings.Cut(line, " ")
			}
			_, _ = fmt.Fprintln(w, line)
		}
		w.(http.Flusher).Flush()
		if q.Get("follow") != "true" {
			return
		}
		select {
		case <-req.Context().Done():
			return
		case <-r.killed:
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// upgrade answers with SPDY, and returns the streams as they come.
func upgrade(w http.ResponseWriter, r *http.Request, protocols ...string) (httpstream.Connection, chan httpstream.Stream) {
	if r.Header.Get("Upgrade") == "websocket" { // as a cluster does that is older than that
		refuse(w, http.StatusBadRequest, metav1.StatusReasonBadRequest, "Upgrade request required")
		return nil, nil
	}
	if _, err := httpstream.Handshake(r, w, protocols); err != nil {
		return nil, nil
	}
	streams := make(chan httpstream.Stream, 100)
	conn := spdy.NewResponseUpgrader().UpgradeResponse(w, r, func(s httpstream.Stream, _ <-chan struct{}) error {
		streams <- s
		return nil
	})
	return conn, streams
}

func (c *Cluster) portForward(w http.ResponseWriter, req *http.Request, pod string) {
	conn, streams := upgrade(w, req, "portforward.k8s.io")
	if conn == nil {
		return
	}
	defer conn.Close()
	said := map[string]httpstream.Stream{}
	for {
		select {
		case <-conn.CloseChan():
			return
		case s := <-streams:
			id := s.Headers().Get(corev1.PortForwardRequestIDHeader)
			if s.Headers().Get(corev1.StreamType) == corev1.StreamTypeError {
				said[id] = s
				continue
			}
			port, _ := strconv.Atoi(s.Headers().Get(corev1.PortHeader))
			go c.lead(pod, port, s, said[id])
		}
	}
}

// lead connects a stream to what listens to a port of the Pod.
func (c *Cluster) lead(pod string, port int, data, said httpstream.Stream) {
	defer said.Close()
	serve := c.listener(pod, port)
	if serve == nil {
		_, _ = fmt.Fprintf(said, "connection refused: port %d", port)
		_ = data.Reset()
		return
	}
	ours, theirs := net.Pipe()
	go func() {
		serve(theirs)
		theirs.Close()
	}()
	go func() {
		_, _ = io.Copy(ours, data)
		ours.Close()
	}()
	_, _ = io.Copy(data, ours)
	_ = data.Close()
}

func (c *Cluster) listener(pod string, port int) func(net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, r := range c.runs {
		if !strings.HasPrefix(key, pod+"/") {
			continue
		}
		r.mu.Lock()
		serve := r.ports[port]
		r.mu.Unlock()
		if serve != nil {
			return serve
		}
	}
	return nil
}

// exec runs a command in a container, by the fourth version of the protocol.
func (c *Cluster) exec(w http.ResponseWriter, req *http.Request, pod string) {
	q := req.URL.Query()
	r := c.running(pod, q.Get("container"))
	conn, streams := upgrade(w, req, "v4.channel.k8s.io")
	if conn == nil {
		return
	}
	defer conn.Close()
	of := map[string]httpstream.Stream{}
	wanted := 1
	for _, name := range []string{"stdin", "stdout", "stderr"} {
		if q.Get(name) == "true" {
			wanted++
		}
	}
	for len(of) < wanted {
		select {
		case s := <-streams:
			if kind := s.Headers().Get(corev1.StreamType); kind != corev1.StreamTypeResize {
				of[kind] = s
			}
		case <-time.After(10 * time.Second):
			return
		}
	}
	r.mu.Lock()
	run := r.exec
	r.mu.Unlock()
	status := metav1.Status{Status: metav1.StatusSuccess}
	var stdin io.Reader = strings.NewReader("")
	if s := of["stdin"]; s != nil {
		stdin = s
	}
	if run == nil {
		status = metav1.Status{Status: metav1.StatusFailure, Message: fmt.Sprintf(`error executing command in container: failed to exec in container: `+
			`OCI runtime exec failed: exec failed: unable to start container process: exec: %q: executable file not found in $PATH`, q["command"][0])}
	} else if code := run(q["command"], stdin, writer(of["stdout"]), writer(of["stderr"])); code != 0 {
		status = metav1.Status{Status: metav1.StatusFailure, Reason: "NonZeroExitCode", Message: "command terminated", Details: &metav1.StatusDetails{
			Causes: []metav1.StatusCause{{Type: "ExitCode", Message: strconv.Itoa(code)}},
		}}
	}
	_ = json.NewEncoder(of["error"]).Encode(status)
	for _, s := range of {
		_ = s.Close()
	}
	time.Sleep(20 * time.Millisecond) // for what has been written to arrive
}

func writer(s httpstream.Stream) io.Writer {
	if s == nil {
		return io.Discard
	}
	return s
}
