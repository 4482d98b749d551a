package snapshot

import (
	"encoding/json"
	"time"

	"github.com/docker-bmo/docker-bmo/internal/label"
)

// Metadata is what buildx writes into a metadata file for several targets: an object for each service, with the image's
// digest and name, and in addition to them the snapshot's own key, stack and creation time.
func (s Snapshot) Metadata() ([]byte, error) {
	m := map[string]any{
		label.Key: s.Key, label.Stack: s.Stack, label.Created: s.Created.UTC().Format(time.RFC3339Nano),
	}
	for service, img := range s.Images {
		m[service] = map[string]string{
			"containerimage.digest": img.ID, "image.name": Tag(s.Stack, service, s.Key),
		}
	}
	return json.MarshalIndent(m, "", "  ")
}
