// Package bmo keeps a bootstrapped application with its database as a snapshot on a docker engine and starts isolated
// copies of it in seconds. It is what the commands of `docker bmo` do, for Go programs: one method of Client for each
// command.
//
//	client := bmo.New(api)
//	st, err := bmo.LoadStack(ctx, "./compose.yaml", bmo.StackOptions{Environ: os.Environ()})
//	...
//	run, err := client.Run(ctx, st, bmo.RunOptions{Detach: true})
//	...
//	resp, err := http.Get(run.Instances[0].URL)
//	...
//	err = client.Stop(ctx, []string{run.Instances[0].Name}, bmo.StopOptions{})
//
// OnKubernetes returns a Cluster, whose methods start and know instances on a Kubernetes cluster in place of the engine.
//
// Everything that is known lies in the engine, as labels; a Client holds no state that a second one would miss. Nothing
// is printed, and nothing is read from the environment that an option does not give.
//
// # Errors
//
// Errors say what failed and why. What to do next is apart from that: Hints returns it. Kinds that a program may want to
// tell apart are types for errors.As (NotReadyError, StepError, ServiceError) or have a predicate (IsEngineFailure,
// IsNoSpace, IsNotFound).
package bmo
