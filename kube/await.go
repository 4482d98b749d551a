package kube

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/probe"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/stack"
)

// await returns when all services are ready, and the steps of the start have run. The first thing that goes wrong ends it.
func (s *start) await(ctx context.Context) error {
	own, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := s.trouble(own); err != nil {
			cancel(err)
		}
	})
	if s.Within > 0 {
		timer := time.AfterFunc(s.Within-time.Since(s.began), func() { cancel(&expired{s.Within}) })
		defer timer.Stop()
	}
	pod, err := s.awaitPod(own)
	if err == nil {
		s.tunnel = s.c.newTunnel(pod.Name)
		err = s.awaitServices(own, cancel)
	}
	if err == nil { // one that was ready may have ended since
		err = s.pod.until(own, func(p *corev1.Pod, gone bool) (bool, error) { return true, (&judging{start: s}).judge(own, p, gone) })
	}
	cancel(err)
	wg.Wait()
	return err
}

// awaitServices awaits each service, all at the same time: the cluster has their order.
func (s *start) awaitServices(ctx context.Context, cancel context.CancelCauseFunc) error {
	errs := make(chan error, len(s.services))
	for _, svc := range s.services {
		go func() {
			err := s.Progress.Step(ctx, s.titleOf(svc.Name), func(ctx context.Context, log *progress.Log) error {
				return s.awaitService(ctx, svc, log)
			})
			if err != nil {
				cancel(err)
			}
			errs <- err
		}()
	}
	var first error
	for range s.services {
		// After the first failure, the others only report that they were cancelled.
		if err := <-errs; err != nil && first == nil {
			first = err
		}
	}
	return first
}

// awaitPod waits for the Pod to be on a node.
func (s *start) awaitPod(ctx context.Context) (pod *corev1.Pod, err error) {
	defer func() {
		var late *expired
		switch {
		case !errors.As(err, &late):
		case pod != nil && unschedulable(pod) != "":
			err = noNode(s.Name, unschedulable(pod))
		default:
			err = &probe.NotReadyError{Probe: "its Pod", After: late.after, Last: errors.New("it is not on a node")}
		}
	}()
	err = s.Progress.Step(ctx, "place "+s.Name+" on "+s.c.String(), func(ctx context.Context, log *progress.Log) error {
		return s.pod.until(ctx, func(p *corev1.Pod, gone bool) (bool, error) {
			if p == nil {
				return false, nil
			}
			if why := unschedulable(p); why != "" {
				log.SetStatus("waiting for a node", why)
			}
			pod = p
			return p.Spec.NodeName != "", nil
		})
	})
	return pod, err
}

// awaitService waits until a service runs, the cluster's probe has been answered, and then ours.
func (s *start) awaitService(ctx context.Context, svc stack.Service, log *progress.Log) error {
	pod, err := s.awaitRunning(ctx, svc, log)
	if err != nil {
		return s.failure(ctx, svc, err, log)
	}
	began := time.Now()
	for _, p := range s.proofs(svc) {
		what := "waiting for " + svc.Name + ": " + p.String()
		log.SetStatus(what, "")
		patience := s.patience(svc)
		if s.Within > 0 {
			patience = s.Within - time.Since(s.began)
		}
		err := probe.Wait(ctx, p.Probe, s.dialer(p.port), patience, func(err error) { log.SetStatus(what, reason(err)) })
		if err != nil {
			return s.failure(ctx, svc, err, log)
		}
	}
	// What we have been answered by needs no second opinion, but for a Service, which leads only to what the cluster calls ready.
	if len(s.proofs(svc)) == 0 || s.Detach {
		if err := s.awaitStarted(ctx, svc, began, log); err != nil {
			return s.failure(ctx, svc, err, log)
		}
	}
	if s.taken != nil {
		return nil
	}
	return s.execSteps(ctx, pod, svc.Name)
}

// awaitRunning waits until a service's container runs, or has done its work.
func (s *start) awaitRunning(ctx context.Context, svc stack.Service, log *progress.Log) (pod *corev1.Pod, err error) {
	err = s.pod.until(ctx, func(p *corev1.Pod, _ bool) (bool, error) {
		if p == nil {
			return false, nil
		}
		pod = p
		st := statusOf(p, svc.Name)
		if st == nil || st.State.Waiting != nil {
			log.SetStatus("waiting for the container", waitingText(p, st))
			return false, nil
		}
		return st.State.Running != nil || done(svc, st), nil
	})
	return pod, err
}

// awaitStarted waits until the cluster's probe of a service has been answered.
func (s *start) awaitStarted(ctx context.Context, svc stack.Service, began time.Time, log *progress.Log) error {
	log.SetStatus("waiting for the cluster's probe of "+svc.Name, "")
	patience := s.patience(svc)
	late, cancel := context.WithTimeoutCause(ctx, patience-time.Since(began)+time.Second, errLate)
	defer cancel()
	err := s.pod.until(late, func(p *corev1.Pod, _ bool) (bool, error) {
		if p == nil {
			return false, nil
		}
		st := statusOf(p, svc.Name)
		return st != nil && (st.Started != nil && *st.Started || done(svc, st)), nil
	})
	if errors.Is(err, errLate) {
		last := s.c.lastProbe(ctx, s.pod, svc.Name)
		return &probe.NotReadyError{Probe: s.probeText(svc), After: time.Since(began), Last: last}
	}
	return err
}

var errLate = errors.New("not in time")

// probeText is what the cluster asks a service.
func (s *start) probeText(svc stack.Service) string {
	h, _ := s.handler(svc)
	switch {
	case h == nil:
		return "the container runs"
	case h.HTTPGet != nil:
		return "GET " + h.HTTPGet.Path + " on port " + h.HTTPGet.Port.String()
	case h.TCPSocket != nil:
		return "port " + h.TCPSocket.Port.String()
	case svc.Ready.MySQL != nil:
		return "mysql query on port " + fmt.Sprint(svc.Ready.MySQL.Port) + " as " + svc.Ready.MySQL.User
	default:
		return "`" + launch.Line(h.Exec.Command) + "`"
	}
}

// done reports whether a container has ended as one may that nobody waits for.
func done(svc stack.Service, st *corev1.ContainerStatus) bool {
	return launch.MayEnd(svc) && st.State.Terminated != nil && st.State.Terminated.ExitCode == 0
}

// failure says why a service is not ready, with its last lines, unless it was called off for another reason.
func (s *start) failure(ctx context.Context, svc stack.Service, err error, log *progress.Log) error {
	var late *expired
	if ctx.Err() != nil && errors.As(context.Cause(ctx), &late) {
		err = &probe.NotReadyError{Probe: s.probeText(svc), After: late.after, Last: errors.New("it is not ready")}
	} else if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return s.serviceError(ctx, svc.Name, err, log)
}

func (s *start) serviceError(ctx context.Context, service string, err error, log *progress.Log) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	var output []string
	_ = s.pod.until(ctx, func(pod *corev1.Pod, _ bool) (bool, error) {
		if pod != nil {
			output = s.c.tail(ctx, pod, containerName(service))
		}
		return true, nil
	})
	return &launch.ServiceError{Service: service, Err: err, Output: launch.Quote(log, service, output), OutputShown: log.Visible()}
}

// expired reports that --wait-timeout is over.
type expired struct{ after time.Duration }

func (e *expired) Error() string {
	return fmt.Sprintf("not ready after %s", e.after)
}

// dialer connects to a port of the Pod.
func (s *start) dialer(port int) probe.Dialer {
	return func(ctx context.Context) (net.Conn, error) { return s.tunnel.Dial(ctx, port) }
}

// reason returns why an attempt failed, in one line.
func reason(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// renderStep returns a step's environment as NAME=VALUE, sorted.
func (s *start) renderStep(step stack.Step, vars stack.Vars) (list []string, err error) {
	env, err := stack.URL{Environment: step.Environment}.Render(vars)
	if err != nil {
		return nil, err
	}
	for name, value := range s.secrets.ExpandAll(env) {
		list = append(list, name+"="+value)
	}
	slices.Sort(list)
	return list, nil
}

// lastLines shows what a step prints, and keeps the end of it.
type lastLines struct {
	log *progress.Log

	mu   sync.Mutex
	text []byte
}

const keptBytes = 16 << 10

func (l *lastLines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, b...)
	if n := len(l.text) - keptBytes; n > 0 {
		l.text = slices.Clone(l.text[n:])
	}
	return l.log.Write(b)
}

func (l *lastLines) lines() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := strings.ToValidUTF8(string(bytes.TrimRight(l.text, "\n")), "")
	if text == "" {
		return nil
	}
	all := strings.Split(text, "\n")
	return all[max(0, len(all)-tailLines):]
}

func noBalancerError(after time.Duration) error {
	return hint.Wrap(fmt.Errorf("the cluster has given the Service no load balancer within %s", after),
		"not every cluster has them: --service-type NodePort or ClusterIP; `kubectl describe service` says more")
}
