package kube

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// UnreachableError reports that the cluster's API could not be asked.
type UnreachableError struct {
	Host, Context string
	Err           error
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("the Kubernetes API at %s cannot be reached: %v", e.Host, e.Err)
}

// Unwrap returns the reason.
func (e *UnreachableError) Unwrap() error { return e.Err }

// Hint says what to do about it.
func (e *UnreachableError) Hint() string {
	if e.Context == "" {
		return "`kubectl get pods` says the same"
	}
	return "`kubectl --context " + e.Context + " get pods` says the same; --on kubernetes://CONTEXT/NAMESPACE names another cluster"
}

// RightError reports that the cluster does not let the user do something.
type RightError struct {
	Verb, Resource, Namespace string
	Err                       error
}

func (e *RightError) Error() string {
	return fmt.Sprintf("the cluster does not let you %s %s in namespace %s: %v", e.Verb, e.Resource, e.Namespace, e.Err)
}

// Unwrap returns what the cluster said.
func (e *RightError) Unwrap() error { return e.Err }

// Hint says what to do about it.
func (e *RightError) Hint() string {
	return "docs/kubernetes.md has the Role that is needed; `kubectl auth can-i --list --namespace " + e.Namespace + "` shows what you may"
}

// explain says what has failed of a request, and what to do about it.
func (c *Cluster) explain(err error, verb, resource string) error {
	var status apierrors.APIStatus
	var urlError *url.Error
	switch {
	case err == nil || errors.Is(err, context.Canceled):
		return err
	case apierrors.IsForbidden(err) && !quota(err):
		return &RightError{verb, resource, c.Namespace, plain(err)}
	case apierrors.IsUnauthorized(err):
		return hint.Wrap(fmt.Errorf("the cluster does not know you: %w", plain(err)), "log in again as for kubectl; `kubectl auth whoami` asks the same")
	case errors.As(err, &status):
		return fmt.Errorf("%s %s: %w", verb, resource, plain(err))
	case errors.As(err, &urlError), errors.As(err, new(net.Error)):
		return &UnreachableError{c.rest.Host, c.Context, reasonOf(err)}
	}
	return fmt.Errorf("%s %s: %w", verb, resource, err)
}

// quota reports whether a request was refused since the namespace has no room, or since of what is in it.
func quota(err error) bool {
	text := err.Error()
	return strings.Contains(text, "exceeded quota") || strings.Contains(text, "violates PodSecurity")
}

// reasonOf is an error without the request that it is about.
func reasonOf(err error) error {
	var urlError *url.Error
	if errors.As(err, &urlError) {
		return urlError.Err
	}
	return err
}

// plain is the cluster's own words.
func plain(err error) error {
	var status apierrors.APIStatus
	if errors.As(err, &status) && status.Status().Message != "" {
		return &spoken{status.Status().Message, err}
	}
	return err
}

// spoken is an error in the cluster's own words.
type spoken struct {
	text string
	err  error
}

func (e *spoken) Error() string { return e.text }

// Unwrap returns the error that has the words.
func (e *spoken) Unwrap() error { return e.err }

// takenError reports that an instance of that name is there already.
func (c *Cluster) takenError(name string) error {
	return hint.Wrap(fmt.Errorf("an instance named %s is there already", name),
		"choose another name, or remove it: `docker bmo stop --on "+c.String()+" "+name+"`")
}

// NotFound returns the error that there is no instance of that name.
func (c *Cluster) NotFound(name string) error {
	return hint.Wrap(fmt.Errorf("no such instance on %s: %s", c, name), "`docker bmo ps -a --on "+c.String()+"` lists them; nothing is recorded of those that are gone")
}

// String is the cluster as --on names it.
func (c *Cluster) String() string { return Scheme + "://" + c.Context + "/" + c.Namespace }
