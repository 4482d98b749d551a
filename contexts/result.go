package contexts

import (
	"context"
	"strings"
)

// Options say what the user asks for beyond the stack.
type Options struct {
	// Source is the source tree: a folder, a Git URL (URL#REF:FOLDER), or "" for the tree that contains WorkDir, else
	// the stack's default.
	Source string
	// WorkDir is what relative paths of the user are relative to, "" for the current folder.
	WorkDir string
	// Overrides are named contexts that replace those of the stack or add to them: a folder, a Git URL,
	// docker-image://REF or oci-layout://REF.
	Overrides map[string]string
	// Cache is the folder of the cache, "" for none. Git URLs need one.
	Cache string
	// Progress is called for each part that may take long: when it starts, with an empty detail, and when it has ended,
	// with the result.
	Progress func(name, detail string)
	// Counting is called with the number of bytes of such a part that are done, after each file, which may be thousands
	// of times a second. It is never called concurrently.
	Counting func(name string, done, total int64)
}

// Result is what Load has made.
type Result struct {
	// Trees are the contexts to send, by the names that the package documentation lists.
	Trees Set
	// Remote are the named contexts that BuildKit has or fetches itself, by the same names: docker-image://REF,
	// oci-layout://REF, service:NAME.
	Remote map[string]string
	// Dockerfiles are the names of the Dockerfiles within the trees dockerfile/NAME, by service.
	Dockerfiles map[string]string
	// Files reports which of the trees mount/NAME/INDEX are a single file, called MountFile.
	Files map[string]bool
	// Source is the source tree that was taken, a folder or URL#COMMIT; "" when no context is made from it.
	Source string

	fault *fault
}

// Watch returns a context for a transfer of the trees. It ends, with the reason as its cause, when a file turns out to
// have changed since it was hashed. BuildKit's sender has no way to pass on such an error: without Watch the engine
// would wait for the rest of the file.
func (r *Result) Watch(ctx context.Context) (context.Context, context.CancelFunc) {
	return r.fault.watch(ctx)
}

// Named returns the named contexts that the Dockerfile of a service sees: those of the stack and, before them, its own.
func (r *Result) Named(service string) (Set, map[string]string) {
	own := "service/" + service + "/"
	trees, remote := Set{}, map[string]string{}
	for name, t := range r.Trees {
		if !reserved(name) {
			trees[name] = t
		}
	}
	for name, ref := range r.Remote {
		if !reserved(name) {
			remote[name] = ref
		}
	}
	for full, t := range r.Trees {
		if name, ok := strings.CutPrefix(full, own); ok {
			trees[name] = t
		}
	}
	for full, ref := range r.Remote {
		if name, ok := strings.CutPrefix(full, own); ok {
			remote[name] = ref
			delete(trees, name)
		}
	}
	return trees, remote
}
