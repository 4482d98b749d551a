package kube

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/kube/kubetest"
	"github.com/docker-bmo/docker-bmo/probe/probetest"
)

func TestLogs(t *testing.T) {
	c, _ := newCluster(t, programs())
	startShop(t, c, request(shop()))
	read := func(services []string, q LogQuery) (texts []string) {
		assert.NilError(t, c.Logs(t.Context(), "shop-1", services, q, func(l Line) { texts = append(texts, l.Service+": "+l.Text) }))
		return texts
	}
	all := read([]string{"db", "web"}, LogQuery{Tail: -1})
	assert.Equal(t, len(all), 3)
	assert.Assert(t, slices.Contains(all, "db: ready for connections"), "%q", all)
	assert.DeepEqual(t, read([]string{"web"}, LogQuery{Tail: 1}), []string{"web: second line"})
	assert.Equal(t, len(read([]string{"web"}, LogQuery{Tail: -1, Since: time.Now().Add(time.Hour)})), 0)
	assert.Equal(t, len(read([]string{"web"}, LogQuery{Tail: -1, Until: time.Now().Add(-time.Hour)})), 0)
}

func TestFollowLogs(t *testing.T) {
	running := programs()
	more := make(chan struct{})
	running["db"] = func(p *kubetest.Process) int {
		p.Print("first")
		p.Listen(3306, probetest.MySQL{User: "shop", Password: "$(secret)", Database: "shop"}.Serve)
		<-more
		p.Print("second")
		return p.UntilKilled()
	}
	c, _ := newCluster(t, running)
	startShop(t, c, request(shop()))
	ctx, cancel := context.WithCancelCause(t.Context())
	done := errors.New("done")
	var texts []string
	err := c.Logs(ctx, "shop-1", []string{"db"}, LogQuery{Tail: -1, Follow: true}, func(l Line) {
		if texts = append(texts, l.Text); len(texts) == 1 {
			close(more)
		}
		if l.Text == "second" {
			cancel(done)
		}
	})
	assert.ErrorIs(t, err, done)
	assert.DeepEqual(t, texts, []string{"first", "second"})
}

func TestExec(t *testing.T) {
	c, _ := newCluster(t, programs())
	startShop(t, c, request(shop()))
	var out, errOut bytes.Buffer
	spec := ExecSpec{Command: []string{"cat"}, Env: []string{"A=b"}, WorkingDir: "/tmp", Stdin: strings.NewReader("in "), Stdout: &out, Stderr: &errOut}
	code, err := c.Exec(t.Context(), "shop-1", "web", spec)
	assert.NilError(t, err)
	assert.Equal(t, code, 0)
	assert.Equal(t, out.String(), `in /bin/sh|-c|cd -- "$0" && exec "$@"|/tmp|env|A=b|cat`+"\n")
	code, err = c.Exec(t.Context(), "shop-1", "web", ExecSpec{Command: []string{"exit", "xxxxxxx"}, Stdout: &out, Stderr: &errOut})
	assert.NilError(t, err)
	assert.Equal(t, code, 7)
	assert.Equal(t, errOut.String(), "ending\n")
	code, err = c.Exec(t.Context(), "shop-1", "db", ExecSpec{Command: []string{"nope"}, Stdout: &out})
	assert.ErrorContains(t, err, "nope: executable file not found")
	assert.Equal(t, code, 127)
	_, err = c.Exec(t.Context(), "shop-1", "cron", spec)
	assert.ErrorContains(t, err, `has no service "cron"`)
	_, err = c.Exec(t.Context(), "shop-2", "web", spec)
	assert.ErrorContains(t, err, "no such instance")
}

func TestEvents(t *testing.T) {
	c, fake := newCluster(t, programs())
	i := startShop(t, c, request(shop()))
	pod := fake.Pod().Name
	fake.Event("Pod", pod, "spec.containers{web}", "Started", "Started container web")
	fake.Event("Pod", pod, "", "Scheduled", "assigned to node")
	fake.Event("Pod", "somebody-else", "", "Scheduled", "assigned to node")
	var all []Event
	from, err := c.Events(t.Context(), i, func(e Event) { all = append(all, e) })
	assert.NilError(t, err)
	assert.Equal(t, len(all), 2)
	assert.Equal(t, all[0].Action, "start")
	assert.Equal(t, all[0].Service, "web")
	assert.Equal(t, all[1].Type+" "+all[1].Action, "pod scheduled")

	ctx, cancel := context.WithCancelCause(t.Context())
	done := errors.New("done")
	go func() {
		fake.UpdatePod(pod, func(p *corev1.Pod) {
			p.Status.ContainerStatuses[0].State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 3, ContainerID: "containerd://x"}}
		})
		fake.Event("Pod", pod, "spec.containers{web}", "Killing", "Stopping container web")
	}()
	var actions []string
	err = c.FollowEvents(ctx, i, from, func(e Event) {
		if actions = append(actions, e.Action+e.Attributes["exitCode"]); len(actions) == 2 {
			cancel(done)
		}
	})
	assert.ErrorIs(t, err, done)
	slices.Sort(actions)
	assert.DeepEqual(t, actions, []string{"die3", "kill"})
}

// TestGone: what becomes of a ready instance is told, and shows in its state.
func TestGone(t *testing.T) {
	web := func(p *corev1.Pod) *corev1.ContainerStatus { return &p.Status.ContainerStatuses[1] }
	for name, tc := range map[string]struct {
		change      func(*corev1.Pod)
		want, state string
	}{
		"ended": {func(p *corev1.Pod) {
			web(p).State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 3}}
		}, "service web of instance shop-1 ended with exit code 3", "Exited (3)"},
		"memory": {func(p *corev1.Pod) {
			web(p).State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "OOMKilled"}}
		}, "out of memory", "Exited (137)"},
		"restart": {func(p *corev1.Pod) {
			p.Status.InitContainerStatuses[0].LastTerminationState = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1}}
		}, "service db of instance shop-1 ended with exit code 1", "Restarted (1)"},
		"node": {func(p *corev1.Pod) { p.Status.Conditions[0].Status = corev1.ConditionFalse }, "its node node does not answer", "Its node node does not answer"},
		"evicted": {func(p *corev1.Pod) {
			p.Status.Phase, p.Status.Reason, p.Status.Message = corev1.PodFailed, "Evicted", "low on memory"
		}, "has evicted the Pod: low on memory", "Ended: low on memory"},
		"taint": {func(p *corev1.Pod) {
			p.DeletionTimestamp = &metav1.Time{Time: time.Now()}
			p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, Reason: "DeletionByTaintManager"})
		}, "its node node does not answer", "Its node node does not answer"},
		"deletion": {func(p *corev1.Pod) { p.DeletionTimestamp = &metav1.Time{Time: time.Now()} }, "its Pod is being removed", "Ending"},
	} {
		t.Run(name, func(t *testing.T) {
			c, fake := newCluster(t, programs())
			i := startShop(t, c, request(shop()))
			assert.NilError(t, c.Running(t.Context(), i))
			time.AfterFunc(20*time.Millisecond, func() { fake.UpdatePod(fake.Pod().Name, tc.change) })
			_, err := c.Gone(t.Context(), i)
			assert.ErrorContains(t, err, tc.want)
			assert.ErrorContains(t, c.Running(t.Context(), i), tc.want)
			found, err := c.Find(t.Context(), i.Name)
			assert.NilError(t, err)
			assert.Equal(t, found.State, instance.Broken)
			assert.Assert(t, strings.HasPrefix(found.Status, tc.state), found.Status)
		})
	}
}

// TestPodRemoved: it is told that the Pod of a ready instance was removed, also when that was before anybody watched.
func TestPodRemoved(t *testing.T) {
	for name, after := range map[string]time.Duration{"before": 0, "meanwhile": 20 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			c, fake := newCluster(t, programs())
			i := startShop(t, c, request(shop()))
			from, err := c.Events(t.Context(), i, func(Event) {})
			assert.NilError(t, err)
			remove := func() { fake.Remove("pods", fake.Pod().Name) }
			if after == 0 {
				remove()
			} else {
				time.AfterFunc(after, remove)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, err = c.Gone(ctx, i)
			assert.ErrorContains(t, err, "its Pod was removed")
			assert.NilError(t, c.FollowEvents(ctx, i, from, func(Event) {}))
			found, err := c.Find(t.Context(), i.Name)
			assert.NilError(t, err)
			assert.Equal(t, found.State, instance.Broken)
		})
	}
}

func TestInspect(t *testing.T) {
	c, _ := newCluster(t, programs())
	r := request(shop())
	r.Detach = true
	startShop(t, c, r)
	d, err := c.Inspect(t.Context(), "shop-1")
	assert.NilError(t, err)
	assert.DeepEqual(t, d.Kubernetes, &instance.KubernetesDetail{
		Context: "test", Namespace: "team", Job: "docker-bmo-shop-1", Pod: "docker-bmo-shop-1-x1y2z", Node: "node", Address: "10.0.0.9",
	})
	assert.Equal(t, d.Services["web"].Ports["8000/tcp"], "10.96.0.7:8000")
	assert.Equal(t, d.Services["cache_1"].ContainerName, "cache-1")
	_, err = c.Inspect(t.Context(), "other")
	assert.ErrorContains(t, err, "no such instance on kubernetes://test/team: other")
}
