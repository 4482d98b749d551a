// Package torture puts a fault between docker bmo and its engine at one request after another, and looks at how the
// command ends, at what is left on the engine, and at whether the next command works.
//
// The tests of this package do that at every request, and whatever else takes too long for every change; `make torture`
// runs them, and BMO_TORTURE says which. Package e2e puts faults at a few requests (Sample).
package torture
