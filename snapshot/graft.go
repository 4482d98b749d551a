package snapshot

import (
	"fmt"
	"strconv"

	"github.com/docker-bmo/docker-bmo/internal/label"
)

// GraftPlatforms are those whose snapshots have data for each other, if the stack says so: both store numbers in the same
// order and have integers and pointers of the same size.
var GraftPlatforms = []string{"linux/amd64", "linux/arm64"}

// Graft describes an image that has the layers of another one, and on top of them those that the bootstrap of a snapshot
// for another platform has made.
type Graft struct {
	// Part is the service, or the volume as label.Volume returns it, whose image of that snapshot it is.
	Part string
	// Base is the image whose layers come first; "" for none.
	Base string
	// Name is what the image is called, and Labels are all that it has.
	Name   string
	Labels map[string]string
}

// BuiltLayers returns how many of the layers of a snapshot's image were there before its bootstrap.
func BuiltLayers(labels map[string]string, layers int) (int, error) {
	n, err := strconv.Atoi(labels[label.BuiltLayers])
	if err != nil || n < 0 || n > layers {
		return 0, fmt.Errorf("the image of %s does not say which of its layers are the bootstrap's", labels[label.Service])
	}
	return n, nil
}

// Grafted returns what a snapshot's data was made for, the key and the platform of the other snapshot; "" if its own
// bootstrap has made it.
func (s Snapshot) Grafted() string { return s.SharedLabels()[label.Data] }

// DataLabel returns what label.Data is on a snapshot that has the data of another one.
func DataLabel(s Snapshot, platform string) string { return s.Key + " " + platform }
