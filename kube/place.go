package kube

import (
	"cmp"
	"context"
	"errors"
	"net"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/docker-bmo/docker-bmo/progress"
)

// choosePlace decides where the instance is reached, before it is made, since it is told so: at ports of this machine, or at
// a Service.
func (s *start) choosePlace(ctx context.Context) error {
	s.at = place{host: loopback, ports: map[string]map[int]int{}}
	if s.Detach {
		return s.choosePlaceOfService(ctx)
	}
	for _, q := range s.publish() {
		f, err := listen(q.Public, q.Port, s.Warn)
		if err != nil {
			return err
		}
		s.forwards = append(s.forwards, f)
		q.Public = f.Public()
		s.at.add(q)
		if q.Service == s.Stack.URL.Service && q.Port == s.Stack.URL.Port {
			s.at.port = q.Public
		}
	}
	return nil
}

// choosePlaceOfService makes the Service, which has an address at once or, from outside of the cluster, after a while.
func (s *start) choosePlaceOfService(ctx context.Context) error {
	want := s.service()
	if want == nil {
		return nil
	}
	making, done, err := settling(ctx)
	if err != nil {
		return err
	}
	defer done()
	s.asked = true
	got, err := s.c.api.services().Create(making, want, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return &nameTaken{err}
	}
	if err != nil {
		return s.c.explain(err, "create", "services")
	}
	s.at.host = got.Spec.ClusterIP
	switch corev1.ServiceType(s.ServiceType) {
	case corev1.ServiceTypeNodePort:
		s.at.host = nodeHost
	case corev1.ServiceTypeLoadBalancer:
		if s.at.host, err = s.awaitBalancer(ctx); err != nil {
			return err
		}
	}
	for i, q := range s.publish() {
		port := got.Spec.Ports[i]
		q.Public = int(port.Port)
		if s.ServiceType == string(corev1.ServiceTypeNodePort) {
			q.Public = int(port.NodePort)
		}
		s.at.add(q)
		if q.Service == s.Stack.URL.Service && q.Port == s.Stack.URL.Port {
			s.at.port = q.Public
		}
	}
	return nil
}

var balancerPause = time.Second

// awaitBalancer returns the address of a Service's load balancer.
func (s *start) awaitBalancer(ctx context.Context) (host string, err error) {
	err = s.Progress.Step(ctx, "wait for the load balancer of "+s.Name, func(ctx context.Context, _ *progress.Log) error {
		for began := time.Now(); ; {
			got, err := s.c.api.services().Get(ctx, objectName(s.Name), metav1.GetOptions{})
			if err != nil {
				return s.c.explain(err, "get", "services")
			}
			for _, in := range got.Status.LoadBalancer.Ingress {
				if host = cmp.Or(in.Hostname, in.IP); host != "" {
					return nil
				}
			}
			if time.Since(began) > balancerTime {
				return noBalancerError(balancerTime)
			}
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-time.After(balancerPause):
			}
		}
	})
	return host, err
}

// leadTime is how long a Service may take to lead to a Pod that is ready, and clusterLeadTime the same for an address that is the
// cluster's own: some networks refuse what is not theirs, so that it is spent in vain there.
var leadTime, clusterLeadTime = 30 * time.Second, 2 * time.Second

// awaitService returns when a Service leads to its Pod. Until the nodes have seen to it they refuse connections or, when they
// are busy, let them wait. Where the address is not reached from this machine, that is not known, and nothing is waited for.
func awaitService(ctx context.Context, address string, within time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	silent := 0
	for dialer := (net.Dialer{Timeout: serviceTime}); ; {
		conn, err := dialer.DialContext(ctx, "tcp", address)
		var unanswered net.Error
		switch {
		case err == nil:
			conn.Close()
			return
		case errors.Is(err, syscall.ECONNREFUSED):
			silent = 0
		case errors.As(err, &unanswered) && unanswered.Timeout() && silent < serviceTries:
			silent++
		default:
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(servicePause):
		}
	}
}

// servicePause is how often it is looked whether a Service leads to its Pod, serviceTime how long each look may take, and
// serviceTries how many in a row may be without an answer.
const (
	servicePause = 50 * time.Millisecond
	serviceTries = 3
)

var serviceTime = time.Second
