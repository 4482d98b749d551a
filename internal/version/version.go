// Package version holds the plugin's own version, set when it is linked.
package version

// Version is what `git describe` says of the tree that the plugin was built from.
var Version = "dev"
