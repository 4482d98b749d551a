package kube

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/stack"
)

// plan is what an instance is made of, as far as nobody has to be asked for it.
type plan struct {
	Request
	shape
	created time.Time
	secrets *stack.Secrets
	at      place
}

// place is where the application and other published ports are reached.
type place struct {
	// host and port are those of the application's address. A host that is nodeHost is known when the Pod is on a node.
	host string
	port int
	// ports are the published ports, by service and by the container's port.
	ports map[string]map[int]int
}

// nodeHost stands for the address of the node that the Pod is on, in the environment of containers: Kubernetes replaces the
// variable by it.
const nodeHost = "$(" + nodeVariable + ")"

const nodeVariable = "DOCKER_BMO_NODE_ADDRESS"

// newPlan checks the stack and plans an instance that has a name.
func newPlan(r Request, now time.Time) (*plan, error) {
	r = r.defaults()
	if err := Check(r.Stack, r.Flavor); err != nil {
		return nil, err
	}
	p := &plan{Request: r, shape: shapeOf(r.Stack, r.Flavor), created: now.UTC(), secrets: &stack.Secrets{}}
	return p, p.checkFilling()
}

// objectName is the name of everything that an instance has.
func objectName(instance string) string { return "docker-bmo-" + instance }

// publish returns the ports of services that are reached from outside, in order, with the number that the user wants.
func (p *plan) publish() []instance.Publish {
	var list []instance.Publish
	if u := p.Stack.URL; u.Service != "" {
		app := instance.Publish{Service: u.Service, Port: u.Port}
		for _, given := range p.Publish {
			if given.Service == u.Service && given.Port == u.Port {
				app = given
			}
		}
		list = append(list, app)
	}
	for _, given := range p.Publish {
		if !slices.ContainsFunc(list, func(o instance.Publish) bool { return o.Service == given.Service && o.Port == given.Port }) {
			list = append(list, given)
		}
	}
	return list
}

// vars are the variables of the stack's templates.
func (p *plan) vars() stack.Vars {
	return stack.Vars{
		URL: p.url(), Host: p.at.host, Port: strconv.Itoa(p.at.port), Instance: p.Name, Secrets: p.secrets,
	}
}

// url is the application's address, "" if it has none.
func (p *plan) url() string {
	if p.Stack.URL.Service == "" {
		return ""
	}
	return "http://" + hostPort(p.at.host, p.at.port) + p.Stack.URL.Path
}

// lead is the service that is given the user's environment: that of the address, else the last one.
func (p *plan) lead() string {
	if p.Stack.URL.Service != "" {
		return p.Stack.URL.Service
	}
	for _, s := range slices.Backward(p.services) {
		if !launch.MayEnd(s) {
			return s.Name
		}
	}
	return p.services[len(p.services)-1].Name
}

// facts are the labels that an instance has on an engine. On a cluster they are annotations: not all are as short and plain
// as its labels have to be.
func (p *plan) facts() map[string]string {
	f := map[string]string{
		label.Role: label.RoleInstance, label.Instance: p.Name, label.Key: p.Snapshot.Key, label.Stack: p.Stack.Name,
		label.Flavor: p.Flavor, label.Created: p.created.Format(time.RFC3339Nano),
	}
	var names, mayEnd []string
	for _, s := range p.services {
		names = append(names, s.Name)
		if launch.MayEnd(s) {
			mayEnd = append(mayEnd, s.Name)
		}
	}
	slices.Sort(names)
	slices.Sort(mayEnd)
	f[label.Services], f[label.MayEnd] = strings.Join(names, ","), strings.Join(mayEnd, ",")
	if p.Owner != "" {
		f[label.Owner] = p.Owner
	}
	if p.Detach {
		f[label.Detached] = "true"
	}
	if p.Pool != nil {
		f[label.Pool], f[label.Match] = p.Pool.ID, p.Match
	}
	return f
}

// managedBy is Kubernetes' own label for who has made an object.
const managedBy, manager = "app.kubernetes.io/managed-by", "docker-bmo"

// labels are those of the facts that a cluster takes as labels: it selects by them.
func (p *plan) labels() map[string]string {
	l := map[string]string{managedBy: manager}
	for _, name := range []string{label.Role, label.Instance, label.Stack, label.Flavor, label.Detached, label.Pool} {
		if value := p.facts()[name]; value != "" && len(validation.IsValidLabelValue(value)) == 0 {
			l[name] = value
		}
	}
	return l
}

func (p *plan) meta() metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: objectName(p.Name), Labels: p.labels(), Annotations: p.facts()}
}

// job returns the Job with the Pod. deadline is after how many seconds the cluster ends it, nil for never.
func (p *plan) job(deadline *int64) *batchv1.Job {
	meta := p.meta()
	if p.Pool != nil {
		meta.OwnerReferences = []metav1.OwnerReference{p.Pool.owner}
	}
	template := metav1.ObjectMeta{Labels: p.labels(), Annotations: p.facts()}
	for _, s := range p.services {
		maps.Copy(template.Annotations, s.Settings.Annotations)
	}
	return &batchv1.Job{
		TypeMeta: metav1.TypeMeta{APIVersion: "batch/v1", Kind: "Job"}, ObjectMeta: meta,
		Spec: batchv1.JobSpec{
			ActiveDeadlineSeconds: deadline, TTLSecondsAfterFinished: ptr(keptFor), BackoffLimit: ptr(int32(0)),
			Template: corev1.PodTemplateSpec{ObjectMeta: template, Spec: p.pod()},
		},
	}
}

// pod returns the Pod. Nothing of it knows of the cluster: no service account, no names of other Services.
func (p *plan) pod() corev1.PodSpec {
	spec := corev1.PodSpec{
		RestartPolicy: corev1.RestartPolicyNever, TerminationGracePeriodSeconds: ptr(int64(1)),
		AutomountServiceAccountToken: ptr(false), EnableServiceLinks: ptr(false), DNSPolicy: corev1.DNSDefault,
		TopologySpreadConstraints: spread, Tolerations: impatient, Hostname: p.hostname(), HostAliases: p.hostAliases(), DNSConfig: p.dns(), SecurityContext: p.podSecurity(),
	}
	if p.Pull.Registry != "" {
		spec.ImagePullSecrets = []corev1.LocalObjectReference{{Name: objectName(p.Name)}}
	}
	spec.InitContainers, spec.Volumes = p.filling(), p.sharedSources()
	for _, s := range p.services {
		steps := p.ownSteps(s)
		c := p.container(s)
		spec.InitContainers = append(spec.InitContainers, steps...)
		if p.sidecars[s.Name] {
			c.RestartPolicy = ptr(corev1.ContainerRestartPolicyAlways)
			spec.InitContainers = append(spec.InitContainers, c)
		} else {
			spec.Containers = append(spec.Containers, c)
		}
		spec.Volumes = append(spec.Volumes, p.volumes(s)...)
	}
	return spec
}

// impatient has the cluster delete the Pod as soon as it calls its node lost, and not after five minutes: that is how it is told.
var impatient = []corev1.Toleration{
	{Key: corev1.TaintNodeUnreachable, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: ptr(int64(0))},
	{Key: corev1.TaintNodeNotReady, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: ptr(int64(0))},
}

// spread has instances on all nodes alike, if possible: else the scheduler prefers those that have the images already, and does not
// know what an instance without limits takes.
var spread = []corev1.TopologySpreadConstraint{{
	MaxSkew: 1, TopologyKey: corev1.LabelHostname, WhenUnsatisfiable: corev1.ScheduleAnyway,
	LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{label.Role: label.RoleInstance}},
}}

// hostname is that of the service that holds data, since some databases call their files by it; else the application's.
func (p *plan) hostname() string {
	for _, want := range []func(stack.Service) bool{
		func(s stack.Service) bool { return s.Hostname != "" }, launch.Keeps, func(s stack.Service) bool { return s.Name == p.lead() },
	} {
		for _, s := range p.services {
			if name := cmp.Or(s.Hostname, s.Name); want(s) && len(validation.IsDNS1123Label(name)) == 0 {
				return name
			}
		}
	}
	return containerName(p.lead())
}

// hostAliases lead the services' names to the Pod itself, and those of extra_hosts where the stack says.
func (p *plan) hostAliases() []corev1.HostAlias {
	of := map[string][]string{}
	for _, s := range p.services {
		for _, name := range append([]string{s.Name, s.Hostname}, s.Aliases...) {
			if name != "" && len(validation.IsDNS1123Subdomain(name)) == 0 {
				of[loopback] = append(of[loopback], name)
			}
		}
		for _, h := range s.Settings.ExtraHosts {
			name, address, _ := strings.Cut(h, ":")
			of[address] = append(of[address], name)
		}
	}
	var list []corev1.HostAlias
	for _, address := range slices.Sorted(maps.Keys(of)) {
		slices.Sort(of[address])
		list = append(list, corev1.HostAlias{IP: address, Hostnames: slices.Compact(of[address])})
	}
	return list
}

// dns is what services say of it, together: a Pod has one resolver.
func (p *plan) dns() *corev1.PodDNSConfig {
	d := &corev1.PodDNSConfig{}
	for _, s := range p.services {
		d.Nameservers = append(d.Nameservers, s.Settings.DNS...)
		d.Searches = append(d.Searches, s.Settings.DNSSearch...)
		for _, o := range s.Settings.DNSOptions {
			name, value, given := strings.Cut(o, ":")
			option := corev1.PodDNSConfigOption{Name: name}
			if given {
				option.Value = &value
			}
			d.Options = append(d.Options, option)
		}
	}
	if len(d.Nameservers)+len(d.Searches)+len(d.Options) == 0 {
		return nil
	}
	return d
}

// service returns the Service by which a detached instance is reached, nil for one that publishes nothing.
func (p *plan) service() *corev1.Service {
	list := p.publish()
	if len(list) == 0 {
		return nil
	}
	s := &corev1.Service{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Service"}, ObjectMeta: p.meta(),
		Spec: corev1.ServiceSpec{
			Type: corev1.ServiceType(p.ServiceType), Selector: map[string]string{label.Role: label.RoleInstance, label.Instance: p.Name},
			// Who waits asks the Pod and not the Service. So the nodes have the whole start to lead to it, and not the moment
			// after it.
			PublishNotReadyAddresses: true,
		},
	}
	s.Annotations = map[string]string{label.Created: p.facts()[label.Created]}
	if p.Owner != "" {
		s.Annotations[label.Owner] = p.Owner
	}
	for _, q := range list {
		port := corev1.ServicePort{
			Name: portName(q), Port: int32(q.Port), TargetPort: intstr.FromInt32(int32(q.Port)), Protocol: corev1.ProtocolTCP,
		}
		if q.Public != 0 && p.ServiceType == string(corev1.ServiceTypeNodePort) {
			port.NodePort = int32(q.Public)
		} else if q.Public != 0 {
			port.Port = int32(q.Public)
		}
		s.Spec.Ports = append(s.Spec.Ports, port)
	}
	return s
}

// portName is the name of a published port in a Service.
func portName(q instance.Publish) string { return "p" + strconv.Itoa(q.Port) }

// secret returns what has the secrets, the configs, the credentials of the images' registry and the program that fills volumes;
// nil if there are none.
func (p *plan) secret() (*corev1.Secret, error) {
	s := &corev1.Secret{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}, ObjectMeta: p.meta(), Type: corev1.SecretTypeOpaque,
		Data: map[string][]byte{}, Immutable: ptr(true),
	}
	s.Annotations = nil
	for _, svc := range p.services {
		for i, f := range svc.Files {
			content, err := p.Stack.Content(f.Source)
			if err != nil {
				return nil, err
			}
			s.Data[fileKey(svc, i)] = content
		}
	}
	if program := p.program(); program != nil {
		s.Data[fillKey] = program
	}
	if p.Pull.Registry != "" {
		config, err := json.Marshal(map[string]any{"auths": map[string]any{p.Pull.Registry: p.Pull.entry()}})
		if err != nil {
			return nil, err
		}
		s.Type, s.Data[corev1.DockerConfigJsonKey] = corev1.SecretTypeDockerConfigJson, config
	}
	if len(s.Data) == 0 {
		return nil, nil //nolint:nilnil // there is none
	}
	return s, nil
}

// entry is what docker's configuration has of a registry.
func (c Credentials) entry() map[string]string {
	e := map[string]string{}
	for name, value := range map[string]string{
		"username": c.Username, "password": c.Password, "identitytoken": c.IdentityToken, "registrytoken": c.RegistryToken,
	} {
		if value != "" {
			e[name] = value
		}
	}
	return e
}

func ptr[T any](v T) *T { return &v }
