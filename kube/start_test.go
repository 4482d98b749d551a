package kube

import (
	"errors"
	"io"
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
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/kube/kubetest"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/probe/probetest"
	"github.com/docker-bmo/docker-bmo/stack"
)

func TestStartAttached(t *testing.T) {
	c, fake := newCluster(t, programs())
	i, err := c.Start(t.Context(), request(shop()))
	assert.NilError(t, err)

	resp, err := http.Get(strings.TrimSuffix(i.URL, "/shop"))
	assert.NilError(t, err)
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	assert.Equal(t, string(body), "fine")

	var job batchv1.Job
	fake.Get("jobs", "docker-bmo-shop-1", &job)
	assert.Equal(t, *job.Spec.ActiveDeadlineSeconds, int64(leaseTime.Seconds()))
	assert.Equal(t, *job.Spec.TTLSecondsAfterFinished, keptFor)
	assert.Equal(t, job.Annotations[label.Ready], "true")
	var secret corev1.Secret
	fake.Get("secrets", "docker-bmo-shop-1", &secret)
	assert.Equal(t, secret.OwnerReferences[0].UID, job.UID)
	assert.Equal(t, fake.Asked()["create services"], 0)
	env := fake.Pod().Spec.Containers[1].Env
	assert.Assert(t, slices.Contains(env, corev1.EnvVar{Name: "SHOP_URL", Value: i.URL + "/"}), "%v", env)

	found, err := c.Find(t.Context(), "shop-1")
	assert.NilError(t, err)
	assert.Equal(t, found.State, instance.Ready)
	assert.Equal(t, found.URL, i.URL)
	assert.Equal(t, found.Key, strings.Repeat("ab", 32))
	assert.DeepEqual(t, found.Ports, i.Ports)
	assert.DeepEqual(t, found.MayEnd, []string(nil))

	assert.NilError(t, c.Remove(t.Context(), "shop-1", 0))
	assert.Equal(t, len(fake.Names()), 0, "%v", fake.Names())
	_, err = http.Get(i.URL)
	assert.ErrorContains(t, err, "refused")
}

func TestStartDetached(t *testing.T) {
	for kind, want := range map[string]string{
		"ClusterIP": "http://10.96.0.7:8000/shop", "NodePort": "http://192.0.2.10:30001/shop", "LoadBalancer": "http://192.0.2.1:8000/shop",
	} {
		c, fake := newCluster(t, programs())
		r := request(shop())
		r.Detach, r.ServiceType = true, kind
		r.Publish = []instance.Publish{{Service: "db", Port: 3306}}
		i := startShop(t, c, r)
		assert.Equal(t, i.URL, want)
		var job batchv1.Job
		fake.Get("jobs", "docker-bmo-shop-1", &job)
		assert.Assert(t, job.Spec.ActiveDeadlineSeconds == nil, "it ends by itself")
		var service corev1.Service
		fake.Get("services", "docker-bmo-shop-1", &service)
		assert.Equal(t, service.OwnerReferences[0].UID, job.UID)
		address, err := i.Address("db", "3306")
		assert.NilError(t, err)
		assert.Equal(t, strings.Contains(address, "3306"), kind != "NodePort", address)
		if kind == "NodePort" {
			env := fake.Pod().Spec.Containers[1].Env
			assert.Equal(t, env[0].ValueFrom.FieldRef.FieldPath, "status.hostIP")
			assert.Assert(t, slices.Contains(env, corev1.EnvVar{Name: "SHOP_URL", Value: "http://$(DOCKER_BMO_NODE_ADDRESS):30001/shop/"}), "%v", env)
		}
	}
}

// TestServiceIsAwaited: a Service may refuse connections for a moment after its Pod is ready.
func TestServiceIsAwaited(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	assert.NilError(t, err)
	address := l.Addr().String()
	assert.NilError(t, l.Close())
	opened := make(chan struct{})
	time.AfterFunc(200*time.Millisecond, func() {
		if l, err = net.Listen("tcp", address); err == nil {
			close(opened)
		}
	})
	awaitService(t.Context(), address, time.Minute)
	select {
	case <-opened:
		l.Close()
	default:
		t.Error("it was not waited for")
	}
}

// TestDatabaseIsAsked: an instance is not ready as long as the database refuses the account, whatever the cluster's probe says.
func TestDatabaseIsAsked(t *testing.T) {
	running := programs()
	running["db"] = func(p *kubetest.Process) int {
		p.Listen(3306, probetest.MySQL{User: "shop", Password: "another", Database: "shop"}.Serve)
		return p.UntilKilled()
	}
	c, _ := newCluster(t, running)
	r := request(shop())
	r.Stack.Services[0].Ready.Timeout = 300 * time.Millisecond
	_, err := c.Start(t.Context(), r)
	assert.ErrorContains(t, err, "mysql query on port 3306 as shop")
	assert.ErrorContains(t, err, "Access denied")
}

func TestStepFails(t *testing.T) {
	running := programs()
	running["start-step-1"] = func(p *kubetest.Process) int {
		p.Print("no such table")
		return 4
	}
	c, fake := newCluster(t, running)
	_, err := c.Start(t.Context(), request(shop()))
	var step *launch.StepError
	assert.Assert(t, errors.As(err, &step), "%v", err)
	assert.Equal(t, step.Code, 4)
	assert.ErrorContains(t, err, "start step 1 of 1")
	assert.ErrorContains(t, err, "no such table")
	assert.Equal(t, len(fake.Names()), 0, "%v", fake.Names())
}

func TestStepInService(t *testing.T) {
	c, _ := newCluster(t, programs())
	r := request(shop())
	r.Stack.Start = []stack.Step{{Service: "web", Command: []string{"exit", "xxx"}, Exec: true}}
	_, err := c.Start(t.Context(), r)
	var step *launch.StepError
	assert.Assert(t, errors.As(err, &step), "%v", err)
	assert.Equal(t, step.Code, 3)
	assert.ErrorContains(t, err, "ending")
	r.Stack.Start[0].Command = []string{"warm", "up"}
	startShop(t, c, r)
}

func TestMany(t *testing.T) {
	c, fake := newCluster(t, programs())
	var started []string
	list, err := c.StartMany(t.Context(), request(shop()), instance.Many{Number: 3, Started: func(i *instance.Instance) { started = append(started, i.Name) }})
	assert.NilError(t, err)
	assert.Equal(t, len(started), 3)
	assert.Equal(t, list[2].Name, "shop-1-3")
	found, err := c.List(t.Context())
	assert.NilError(t, err)
	assert.Equal(t, len(found), 3)
	assert.NilError(t, c.RemoveAll(t.Context(), list))
	assert.Equal(t, len(fake.Names()), 0, "%v", fake.Names())

	for _, all := range []bool{false, true} {
		fake.Fail("create jobs", 1, http.StatusInternalServerError, metav1.StatusReasonInternalError, "out of luck")
		list, err = c.StartMany(t.Context(), request(shop()), instance.Many{Number: 3, AllOrNone: all})
		assert.ErrorContains(t, err, "out of luck")
		if all {
			assert.Equal(t, len(list), 0)
		} else {
			assert.ErrorContains(t, err, "1 of 3 instances did not start")
			assert.Equal(t, len(list), 2)
			assert.NilError(t, c.RemoveAll(t.Context(), list))
		}
		assert.Equal(t, len(fake.Names()), 0, "%v", fake.Names())
	}
	r := request(shop())
	r.Publish = []instance.Publish{{Service: "web", Port: 8000, Public: 8080}}
	_, err = c.StartMany(t.Context(), r, instance.Many{Number: 2})
	assert.ErrorContains(t, err, "port 8080 cannot be published by several instances")
}
