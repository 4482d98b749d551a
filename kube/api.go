package kube

import (
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/gentype"
	"k8s.io/client-go/rest"
)

// api are the kinds of objects that an instance is made of. The library's own set of clients has all kinds that there are,
// which would double the size of the program.
type api struct {
	core, batch rest.Interface
	namespace   string
}

type (
	jobs     = gentype.ClientWithList[*batchv1.Job, *batchv1.JobList]
	pods     = gentype.ClientWithList[*corev1.Pod, *corev1.PodList]
	services = gentype.ClientWithList[*corev1.Service, *corev1.ServiceList]
	secrets  = gentype.Client[*corev1.Secret]
	events   = gentype.ClientWithList[*corev1.Event, *corev1.EventList]
)

// known are the kinds that are read and written, and parameters those of requests.
var (
	known      = newScheme()
	codecs     = serializer.NewCodecFactory(known)
	parameters = runtime.NewParameterCodec(known)
)

func newScheme() *runtime.Scheme {
	s := runtime.NewScheme()
	utilruntime.Must(corev1.AddToScheme(s))
	utilruntime.Must(batchv1.AddToScheme(s))
	metav1.AddToGroupVersion(s, schema.GroupVersion{Version: "v1"})
	return s
}

func newAPI(cfg *rest.Config, namespace string) (api, error) {
	client, err := rest.HTTPClientFor(cfg)
	if err != nil {
		return api{}, err
	}
	of := func(path string, version schema.GroupVersion) (rest.Interface, error) {
		c := rest.CopyConfig(cfg)
		c.APIPath, c.GroupVersion, c.NegotiatedSerializer = path, &version, codecs.WithoutConversion()
		return rest.RESTClientForConfigAndClient(c, client)
	}
	a := api{namespace: namespace}
	if a.core, err = of("/api", corev1.SchemeGroupVersion); err == nil {
		a.batch, err = of("/apis", batchv1.SchemeGroupVersion)
	}
	return a, err
}

func (a api) jobs() *jobs {
	return gentype.NewClientWithList("jobs", a.batch, parameters, a.namespace,
		func() *batchv1.Job { return &batchv1.Job{} }, func() *batchv1.JobList { return &batchv1.JobList{} })
}

func (a api) pods() *pods {
	return gentype.NewClientWithList("pods", a.core, parameters, a.namespace,
		func() *corev1.Pod { return &corev1.Pod{} }, func() *corev1.PodList { return &corev1.PodList{} })
}

func (a api) services() *services {
	return gentype.NewClientWithList("services", a.core, parameters, a.namespace,
		func() *corev1.Service { return &corev1.Service{} }, func() *corev1.ServiceList { return &corev1.ServiceList{} })
}

func (a api) secrets() *secrets {
	return gentype.NewClient("secrets", a.core, parameters, a.namespace, func() *corev1.Secret { return &corev1.Secret{} })
}

func (a api) events() *events {
	return gentype.NewClientWithList("events", a.core, parameters, a.namespace,
		func() *corev1.Event { return &corev1.Event{} }, func() *corev1.EventList { return &corev1.EventList{} })
}

// of returns a request for a part of a Pod, such as its log.
func (a api) of(pod, part string) *rest.Request {
	r := a.core.Post()
	if part == "log" {
		r = a.core.Get()
	}
	return r.Namespace(a.namespace).Resource("pods").Name(pod).SubResource(part)
}
