package kube

import (
	"cmp"
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/progress"
)

// titleOf is what a service is called in progress.
func (s *start) titleOf(service string) string {
	if s.Title != "" {
		service = s.Title + " " + service
	}
	return "start " + service + " of " + s.Name
}

// execSteps runs the steps of the start that run in a service, which is ready.
func (s *start) execSteps(ctx context.Context, pod *corev1.Pod, service string) error {
	for i, step := range s.Stack.Start {
		if step.Service != service || !step.Exec {
			continue
		}
		if err := s.execStep(ctx, pod, i); err != nil {
			return fmt.Errorf("start step %d of %d: %w", i+1, len(s.Stack.Start), err)
		}
	}
	return nil
}

func (s *start) execStep(ctx context.Context, pod *corev1.Pod, i int) error {
	step := s.Stack.Start[i]
	vars := s.vars()
	if vars.Host == nodeHost {
		at := s.at
		s.at.host = pod.Status.HostIP
		vars = s.vars()
		s.at = at
	}
	env, err := s.renderStep(step, vars)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, cmp.Or(step.Timeout, launch.StepTimeout))
	defer cancel()
	name := fmt.Sprintf("step of %s in %s: %s", s.Name, step.Service, launch.Line(step.Command))
	return s.Progress.Step(limited, name, func(ctx context.Context, log *progress.Log) error {
		out := &lastLines{log: log}
		code, err := s.c.exec(ctx, pod.Name, containerName(step.Service), ExecSpec{
			Command: append(append([]string{}, step.Entrypoint...), step.Command...), Env: env, WorkingDir: step.WorkingDir, Stdout: out, Stderr: out,
		})
		if code != 0 {
			return &launch.StepError{Step: step, Code: code, Output: out.lines(), OutputShown: log.Visible(), Start: true}
		}
		return err
	})
}
