package kube

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/docker-bmo/docker-bmo/probe"
	"github.com/docker-bmo/docker-bmo/stack"
)

// probePassword is the variable by which the probe of a database is told the password of its account: it is on no command
// line.
const probePassword = "DOCKER_BMO_PROBE_PASSWORD"

// spare is how many seconds the cluster tries longer than we do, so that an error is ours, which says more.
const spare = 15

// startupProbe returns what the cluster asks a service until it answers once. After that nobody asks: an instance is not
// to compute for being watched. What it cannot ask, such as a body, is asked by us.
func (p *plan) startupProbe(s stack.Service) *corev1.Probe {
	h, timeout := p.handler(s)
	if h == nil {
		return nil
	}
	return &corev1.Probe{
		ProbeHandler: *h, PeriodSeconds: 1, TimeoutSeconds: int32(max(1, timeout.Seconds())),
		FailureThreshold: int32(p.patience(s).Seconds()) + spare,
	}
}

// handler returns the first of a service's probes that a cluster can do, the one that says most.
func (p *plan) handler(s stack.Service) (*corev1.ProbeHandler, time.Duration) {
	r, image := s.Ready, p.Images[s.Name]
	tcp := func(port int) *corev1.ProbeHandler {
		return &corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(int32(port))}}
	}
	x, shell := r.Exec, image.Shell
	if own := healthOf(image); r.Image && own != nil {
		return execHandler(*own, shell)
	}
	switch {
	case x != nil:
		return execHandler(*x, shell)
	case r.MySQL != nil && hasClient(s, image):
		return &corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: queryCommand(*r.MySQL)}}, 5 * time.Second
	case r.MySQL != nil:
		return tcp(r.MySQL.Port), time.Second
	case r.HTTP != nil && r.HTTP.MinStatus >= 200 && r.HTTP.MaxStatus < 400:
		return &corev1.ProbeHandler{HTTPGet: p.httpGet(s, r.HTTP)}, 5 * time.Second
	case r.HTTP != nil:
		return tcp(r.HTTP.Port), time.Second
	case r.TCP != nil:
		return tcp(r.TCP.Port), time.Second
	case len(r.Ports) > 0:
		return tcp(r.Ports[0]), time.Second
	}
	return nil, 0
}

// httpGet names the host by which the application knows itself, where that is known by now.
func (p *plan) httpGet(s stack.Service, h *stack.HTTP) *corev1.HTTPGetAction {
	get := &corev1.HTTPGetAction{
		Path: h.Path, Port: intstr.FromInt32(int32(h.Port)), Scheme: corev1.URIScheme(strings.ToUpper(cmp.Or(h.Scheme, "http"))),
	}
	for _, name := range slices.Sorted(maps.Keys(h.Headers)) {
		get.HTTPHeaders = append(get.HTTPHeaders, corev1.HTTPHeader{Name: name, Value: h.Headers[name]})
	}
	host := h.Host
	if host == "" && p.at.host != nodeHost {
		host = p.address(s.Name, h.Port)
	}
	if host != "" && h.Headers["Host"] == "" {
		get.HTTPHeaders = append(get.HTTPHeaders, corev1.HTTPHeader{Name: "Host", Value: host})
	}
	return get
}

// address is what a service's port is reached at, within the Pod if it is not published.
func (p *plan) address(service string, port int) string {
	if public, ok := p.at.ports[service][port]; ok {
		return hostPort(p.at.host, public)
	}
	return hostPort(loopback, port)
}

func hostPort(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }

// healthOf returns the health check of an image as the command that it is, nil if it has none.
func healthOf(i Image) *stack.Exec {
	if len(i.Health) < 2 || i.Health[0] != "CMD" && i.Health[0] != "CMD-SHELL" {
		return nil
	}
	return &stack.Exec{Command: i.Health[1:], Shell: i.Health[0] == "CMD-SHELL", Timeout: i.HealthTimeout}
}

func execHandler(x stack.Exec, shell []string) (*corev1.ProbeHandler, time.Duration) {
	command := x.Command
	if x.Shell {
		if len(shell) == 0 {
			shell = []string{"/bin/sh", "-c"}
		}
		command = slices.Concat(shell, x.Command)
	}
	return &corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: escapeAll(command)}}, cmp.Or(x.Timeout, 30*time.Second)
}

// databaseImage matches the images of which it is known that they have a shell and the server's client.
var databaseImage = regexp.MustCompile(`^(?:.*/)?(?:mysql|mariadb|percona)(?:-server|-debian)?(?:[:@].*)?$`)

// hasClient reports whether an image is one of a MySQL or MariaDB server that has its client: the official ones, what is
// built from them, and our own.
func hasClient(s stack.Service, i Image) bool {
	if databaseImage.MatchString(s.Image) {
		return true
	}
	for _, kv := range i.Environment {
		if strings.HasPrefix(kv, "MYSQL_MAJOR=") || strings.HasPrefix(kv, "MARIADB_VERSION=") || strings.HasPrefix(kv, "MYSQL_VERSION=") {
			return true
		}
	}
	return len(i.Entrypoint) > 0 && strings.HasPrefix(i.Entrypoint[0], "/usr/local/bin/docker-bmo-")
}

// queryScript runs a query with the client that the image has. MariaDB's own wants no certificate on the way to itself.
const queryScript = `if command -v mariadb >/dev/null; then c="mariadb --skip-ssl"; else c=mysql; fi
d=$4; MYSQL_PWD=$` + probePassword + ` exec $c -h 127.0.0.1 -P "$1" -u "$2" -e "$3" ${d:+"$d"}`

func queryCommand(m stack.MySQL) []string {
	return escapeAll([]string{"/bin/sh", "-c", queryScript, "probe", strconv.Itoa(m.Port), m.User, m.Query, m.Database})
}

// proof is what we ask a service ourselves, through the cluster's API, and the port that it needs.
type proof struct {
	probe.Probe
	port int
}

// proofs are the probes of which the cluster can do less than we. A port that accepts connections is left to it: on the way
// through the API each one seems to.
func (p *plan) proofs(s stack.Service) (list []proof) {
	r := s.Ready
	if r.Image && healthOf(p.Images[s.Name]) != nil {
		return nil
	}
	for _, port := range r.Ports {
		list = append(list, proof{probe.Port{Port: port, Host: p.address(s.Name, port)}, port})
	}
	if m := r.MySQL; m != nil {
		list = append(list, proof{probe.MySQL{Port: m.Port, User: m.User, Password: m.Password, Database: m.Database, Query: m.Query}, m.Port})
	}
	if h := r.HTTP; h != nil {
		list = append(list, proof{p.httpProof(s.Name, h), h.Port})
	}
	return list
}

func (p *plan) httpProof(service string, h *stack.HTTP) probe.HTTP {
	q := probe.HTTP{
		URL: fmt.Sprintf("%s://%s%s", cmp.Or(h.Scheme, "http"), p.address(service, h.Port), h.Path), MinStatus: h.MinStatus, MaxStatus: h.MaxStatus,
		Host: h.Host, Headers: h.Headers, Follow: h.Follow,
	}
	if h.Body != "" {
		q.Body = regexp.MustCompile(h.Body) // loading the stack has compiled it already
	}
	return q
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
