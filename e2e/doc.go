// Package e2e tests docker bmo end to end: the real command line, a real engine, real MySQL, real HTTP.
//
// The plugin under test is built by the tests and found through a docker configuration of their own, so that an
// installed one does not matter. They look at the engine as any user would, with the docker command, and know the
// product's labels by their documented names only. Each file is about one thing that docker bmo can do; docs/stories.md
// says which test is about what once went wrong. What the tests are made of is in package harness.
//
// The engine is the one that docker itself would use. Others may use it at the same time: the stacks of a run bear a
// name that is its own, and only objects with that name count. Afterwards none of them may be left.
//
//	BMO_BUILD_ARGS  words added to build and run, such as --build-context, on engines without the usual base images
//	BMO_SOURCE      a source tree of BMO, which the tests of the real one need; they are built with -tags bmo
//	BMO_E2E_STRICT  1 when nobody else uses the engine, as in CI (CI=true): then everything on it must be afterwards
//	                what it was before
package e2e
