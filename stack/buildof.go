package stack

import "github.com/distribution/reference"

// BuildOf returns how the image of a service is built: as the service says, else, as for Compose, as another service
// says that builds an image of the same name. It is nil for an image that comes from elsewhere.
func (s *Stack) BuildOf(svc Service) *Build {
	if svc.Build != nil || svc.Image == "" {
		return svc.Build
	}
	for _, other := range s.Services {
		if other.Build != nil && sameImage(other.Image, svc.Image) {
			return other.Build
		}
	}
	return nil
}

func sameImage(a, b string) bool {
	x, errX := reference.ParseDockerRef(a)
	y, errY := reference.ParseDockerRef(b)
	return errX == nil && errY == nil && x.String() == y.String()
}
