package kube

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/kube/kubetest"
	"github.com/docker-bmo/docker-bmo/probe"
)

// TestStartFails: each way in which a start can fail says why, with a hint, and leaves nothing.
func TestStartFails(t *testing.T) {
	waiting := func(reason, message string) func(*kubetest.Cluster, string) {
		return func(c *kubetest.Cluster, pod string) {
			c.UpdatePod(pod, func(p *corev1.Pod) {
				p.Spec.NodeName = "node"
				p.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: "db", Image: "db-image", State: corev1.ContainerState{
					Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message},
				}}}
			})
		}
	}
	ended := func(reason string, code int32) func(*kubetest.Cluster, string) {
		return func(c *kubetest.Cluster, pod string) {
			c.UpdatePod(pod, func(p *corev1.Pod) {
				p.Spec.NodeName = "node"
				p.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: "db", State: corev1.ContainerState{
					Terminated: &corev1.ContainerStateTerminated{Reason: reason, ExitCode: code},
				}}}
			})
		}
	}
	failed := func(reason, message string) func(*kubetest.Cluster, string) {
		return func(c *kubetest.Cluster, pod string) {
			c.UpdatePod(pod, func(p *corev1.Pod) {
				p.Spec.NodeName, p.Status.Phase, p.Status.Reason, p.Status.Message = "node", corev1.PodFailed, reason, message
			})
		}
	}
	for name, tc := range map[string]struct {
		behave func(*kubetest.Cluster, string)
		want   string
		hint   string
	}{
		"unschedulable": {func(c *kubetest.Cluster, pod string) {
			c.UpdatePod(pod, func(p *corev1.Pod) {
				p.Status.Conditions = []corev1.PodCondition{{
					Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "0/2 nodes are available: 2 Insufficient memory.",
				}}
			})
		}, "no node for shop-1: 0/2 nodes are available: 2 Insufficient memory.", "stop other instances"},
		"no image":      {waiting("ErrImagePull", "db-image: not found"), "service db: its node cannot get the image db-image: db-image: not found", "same name"},
		"no registry":   {waiting("ImagePullBackOff", "dial tcp: i/o timeout"), "dial tcp: i/o timeout", "same name"},
		"bad config":    {waiting("CreateContainerConfigError", "container has runAsNonRoot"), "runAsNonRoot", ""},
		"out of memory": {ended("OOMKilled", 137), "service db: killed, out of memory: it needs more than its limit of 512 MB", "raise mem_limit"},
		"crash":         {ended("Error", 3), "service db: ended with exit code 3 before it was ready", "docker bmo config"},
		"evicted":       {failed("Evicted", "The node was low on resource: memory."), "its node node has evicted the Pod: The node was low", "mem_limit"},
		"sysctls":       {failed("SysctlForbidden", "forbidden sysctl"), "the cluster does not allow its sysctls", "kubelet"},
		"node": {func(c *kubetest.Cluster, pod string) {
			c.UpdatePod(pod, func(p *corev1.Pod) {
				p.Spec.NodeName = "node"
				p.Status.Conditions = []corev1.PodCondition{{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, Reason: "DeletionByTaintManager"}}
			})
		}, "its node node does not answer any more", "another node"},
		"removed": {func(c *kubetest.Cluster, pod string) {
			for c.Asked()["watch pods"] == 0 { // it has been seen then
				time.Sleep(time.Millisecond)
			}
			c.Remove("pods", pod)
		}, "its Pod was removed while it started", "kubectl get events"},
		"refused": {func(c *kubetest.Cluster, pod string) {
			c.Remove("pods", pod)
			c.Event("Job", "docker-bmo-shop-1", "", "FailedCreate", `pods "x" is forbidden: violates PodSecurity "restricted:latest"`)
		}, "violates PodSecurity", "docs/kubernetes.md"},
	} {
		t.Run(name, func(t *testing.T) {
			c, fake := newCluster(t, programs())
			if name == "refused" { // before it is seen
				fake.Behave(tc.behave)
			}
			fake.Behave(tc.behave)
			_, err := c.Start(t.Context(), request(shop()))
			if name == "refused" && err != nil && strings.Contains(err.Error(), "removed while") {
				return // it was seen for a moment, which a real Pod that is refused never is
			}
			assert.ErrorContains(t, err, tc.want)
			assert.Assert(t, tc.hint == "" || strings.Contains(strings.Join(hint.All(err), "\n"), tc.hint), "hints: %q", hint.All(err))
			assert.Equal(t, len(fake.Names()), 0, "%v", fake.Names())
		})
	}
}

func TestNotReadyInTime(t *testing.T) {
	running := programs()
	running["web"] = func(p *kubetest.Process) int {
		p.Print("still warming up")
		p.Listen(8000, serveHTTP(http.StatusServiceUnavailable, "wait"))
		return p.UntilKilled()
	}
	for _, within := range []time.Duration{0, 3 * time.Second} { // in which all others are ready on a busy machine, too
		c, fake := newCluster(t, running)
		r := request(shop())
		r.Stack.Services[2].Ready.Timeout = 300 * time.Millisecond
		r.Within = within
		_, err := c.Start(t.Context(), r)
		var late *probe.NotReadyError
		assert.Assert(t, errors.As(err, &late), "%v", err)
		assert.ErrorContains(t, err, "still warming up")
		assert.Equal(t, len(fake.Names()), 0, "%v", fake.Names())
	}
}

// TestNoNodeInTime: what the scheduler has said is more than that it took too long.
func TestNoNodeInTime(t *testing.T) {
	for why, want := range map[string]string{"2 Insufficient memory.": "the cluster has no node for shop-1: 2 Insufficient memory.", "": "it is not on a node"} {
		c, fake := newCluster(t, programs())
		placeTime = time.Minute
		fake.Behave(func(c *kubetest.Cluster, pod string) {
			c.UpdatePod(pod, func(p *corev1.Pod) {
				if why != "" {
					p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: why}}
				}
			})
		})
		r := request(shop())
		r.Within = 200 * time.Millisecond
		_, err := c.Start(t.Context(), r)
		assert.ErrorContains(t, err, want)
		assert.Equal(t, len(fake.Names()), 0, "%v", fake.Names())
	}
}

func TestNameIsTaken(t *testing.T) {
	c, fake := newCluster(t, programs())
	startShop(t, c, request(shop()))
	for _, detach := range []bool{false, true} {
		r := request(shop())
		r.Detach = detach
		_, err := c.Start(t.Context(), r)
		assert.ErrorContains(t, err, "an instance named shop-1 is there already")
	}
	var job batchv1.Job
	fake.Get("jobs", "docker-bmo-shop-1", &job) // it is still there
	assert.Assert(t, !slices.Contains(fake.Names(), "services/docker-bmo-shop-1"), "%v", fake.Names())
}

// TestNothingOfOthersIsRemoved: a start that fails leaves an instance of the same name alone, whoever has started it.
func TestNothingOfOthersIsRemoved(t *testing.T) {
	for _, detached := range []bool{false, true} {
		c, fake := newCluster(t, programs())
		first := request(shop())
		first.Owner, first.Detach = "somebody else", detached
		startShop(t, c, first)
		there := fake.Names()
		slices.Sort(there)
		l, err := net.Listen("tcp", "127.0.0.1:0")
		assert.NilError(t, err)
		defer l.Close()
		for name, spoil := range map[string]func(*Request){
			"port": func(r *Request) {
				r.Publish = []instance.Publish{{Service: "web", Port: 8000, Public: l.Addr().(*net.TCPAddr).Port}}
			},
			"lost":       func(*Request) { fake.Lose("create jobs", false) },
			"taken":      func(*Request) {},
			"refused":    func(*Request) { fake.Fail("create jobs", 1, http.StatusForbidden, metav1.StatusReasonForbidden, "no") },
			"no service": func(r *Request) { r.Detach = true; fake.Lose("create services", false) },
			"own service": func(r *Request) {
				r.Detach = true
				fake.Fail("create jobs", 1, http.StatusForbidden, metav1.StatusReasonForbidden, "no")
			},
		} {
			r := request(shop())
			r.Owner = "me"
			spoil(&r)
			_, err := c.Start(t.Context(), r)
			assert.Assert(t, err != nil, name)
			now := fake.Names()
			slices.Sort(now)
			assert.DeepEqual(t, now, there)
			i, err := c.Find(t.Context(), "shop-1")
			assert.NilError(t, err)
			assert.Equal(t, i.Labels[label.Owner], "somebody else")
			fake.Heal()
		}
	}
}

// TestAnswerIsLost: what was made although nobody has said so is removed.
func TestAnswerIsLost(t *testing.T) {
	for _, what := range []string{"create jobs", "create services", "create secrets", "patch services", "patch jobs"} {
		c, fake := newCluster(t, programs())
		fake.Lose(what, true)
		r := request(shop())
		r.Owner, r.Detach = "me", true
		_, err := c.Start(t.Context(), r)
		assert.Assert(t, err != nil, what)
		assert.Equal(t, len(fake.Names()), 0, "%s: %v", what, fake.Names())
	}
}

// TestRequestsFail: a request that fails leaves nothing of the instance, and says which right is missing.
func TestRequestsFail(t *testing.T) {
	for _, what := range []string{"create jobs", "create secrets", "create services", "patch services", "patch jobs", "list pods", "watch pods", "create pods/portforward"} {
		t.Run(what, func(t *testing.T) {
			c, fake := newCluster(t, programs())
			fake.Fail(what, 1, http.StatusForbidden, metav1.StatusReasonForbidden, what+" is forbidden")
			fake.Behave(func(c *kubetest.Cluster, pod string) {
				time.Sleep(30 * time.Millisecond) // so that it is watched before it is ready
				c.BringUp(pod)
			})
			r := request(shop())
			r.Detach = true
			r.Stack.Services[2].Ready.Timeout, r.Stack.Services[0].Ready.Timeout = time.Second, time.Second
			i, err := c.Start(t.Context(), r)
			if what == "create pods/portforward" { // the next connection is made
				assert.NilError(t, err)
				assert.NilError(t, c.Remove(t.Context(), i.Name, 0))
				return
			}
			var right *RightError
			assert.Assert(t, errors.As(err, &right), "%v", err)
			assert.ErrorContains(t, err, "does not let you "+strings.Split(what, " ")[0])
			assert.Assert(t, strings.Contains(strings.Join(hint.All(err), ""), "docs/kubernetes.md"))
			assert.Equal(t, len(fake.Names()), 0, "%v", fake.Names())
		})
	}
}

func TestInterruptedStart(t *testing.T) {
	c, fake := newCluster(t, programs())
	fake.Behave(func(*kubetest.Cluster, string) {})
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(100*time.Millisecond, func() { cancel(errors.New("stopped")) })
	_, err := c.Start(ctx, request(shop()))
	assert.ErrorContains(t, err, "stopped")
	assert.Equal(t, len(fake.Names()), 0, "%v", fake.Names())
}

func TestUnreachable(t *testing.T) {
	fake := kubetest.New(t, nil)
	config := fake.Kubeconfig()
	fake.Close()
	c, err := Open(Config{Files: []string{config}})
	assert.NilError(t, err)
	_, err = c.List(t.Context())
	var gone *UnreachableError
	assert.Assert(t, errors.As(err, &gone), "%v", err)
	assert.Assert(t, strings.Contains(strings.Join(hint.All(err), ""), "kubectl --context test get pods"))
}

// TestJobIsRemovedAtOnce: what starts is given up when its Job is removed before there was a Pod to be seen.
func TestJobIsRemovedAtOnce(t *testing.T) {
	c, fake := newCluster(t, programs())
	fake.Fail("list pods", 1000, http.StatusInternalServerError, metav1.StatusReasonInternalError, "not yet")
	fake.Behave(func(fake *kubetest.Cluster, _ string) {
		fake.Remove("jobs", "docker-bmo-shop-1")
		fake.Heal()
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err := c.Start(ctx, request(shop()))
	assert.ErrorContains(t, err, "its Job was removed while it started")
	assert.Equal(t, len(fake.Names()), 0, "%v", fake.Names())
}
