package kube

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/version"
)

// Scheme is what the name of a cluster begins with.
const Scheme = "kubernetes"

// ParseTarget splits kubernetes[://CONTEXT[/NAMESPACE]] into what Config has. A context that has a slash in its name ends
// with one more: those of some clouds do, as in kubernetes://arn:aws:eks:REGION:1:cluster/NAME/.
func ParseTarget(target string) (context, namespace string, err error) {
	rest, ok := strings.CutPrefix(target, Scheme)
	if ok && rest == "" {
		return "", "", nil
	}
	if rest, ok = strings.CutPrefix(rest, "://"); !ok {
		return "", "", hint.Wrap(fmt.Errorf("invalid --on %q", target), "want kubernetes or kubernetes://CONTEXT/NAMESPACE; without --on it is the docker engine")
	}
	i := strings.LastIndexByte(rest, '/')
	if i < 0 {
		return rest, "", nil
	}
	context, namespace = rest[:i], rest[i+1:]
	if namespace == "" {
		return context, "", nil
	}
	return context, namespace, checkNamespace(namespace)
}

func checkNamespace(name string) error {
	if problems := validation.IsDNS1123Label(name); len(problems) > 0 {
		return fmt.Errorf("invalid namespace %q: %s", name, problems[0])
	}
	return nil
}

func checkContext(raw *clientcmdapi.Config, c Config) error {
	if _, ok := raw.Contexts[c.Context]; ok {
		return nil
	}
	known := slices.Sorted(maps.Keys(raw.Contexts))
	if c.Context == "" {
		return hint.Wrap(fmt.Errorf("the kubeconfig has no current context"), "name one: --on kubernetes://CONTEXT; there are "+strings.Join(known, ", "))
	}
	what := "its contexts are " + strings.Join(known, ", ")
	if len(known) == 0 {
		what = "it has none; KUBECONFIG names the file, in place of ~/.kube/config"
	}
	return hint.Wrap(fmt.Errorf("the kubeconfig has no context %q", c.Context), what)
}

func badConfig(err error) error {
	return hint.Wrap(fmt.Errorf("kubeconfig: %w", err), "`kubectl config view` shows it; KUBECONFIG names the file, in place of ~/.kube/config")
}

func noConfig(files []string) error {
	return hint.Wrap(fmt.Errorf("there is no kubeconfig: looked for %s", strings.Join(files, ", ")),
		"KUBECONFIG names the file that kubectl uses; in a Pod its service account is used")
}

// namespaceFile has the namespace of the Pod that a process runs in.
const namespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

func ownNamespace() string {
	if data, err := os.ReadFile(namespaceFile); err == nil && len(data) > 0 {
		return strings.TrimSpace(string(data))
	}
	return "default"
}

func userAgent() string { return "docker-bmo/" + version.Version }
