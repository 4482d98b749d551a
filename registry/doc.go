// Package registry moves snapshots to and from registries and archives. One snapshot is one OCI index whose entries are its
// images. In a registry the engine moves the images, and so only the layers that the other side lacks; the index is put
// after them, so that one that can be found is whole.
//
// This package is not API: it can change at any time. Programs use bmo.
package registry
