// Package enginetest is a fake Docker engine for tests: the Engine API on a unix socket, in the test's own process.
//
// It keeps containers, networks, volumes and images in memory, and behaves as the engine does as far as the product can
// see: names are unique, what is in use cannot be removed, containers publish ports that can be connected to. A
// container's main process is a Go function, a Program. Fail injects faults, Before and After produce races.
//
// There is no BuildKit in it. Seal, which needs one, is a method of the fake that does the same to its images.
package enginetest
