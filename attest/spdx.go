package attest

import (
	"fmt"
	"time"

	"github.com/docker-bmo/docker-bmo/internal/version"
)

// SBOMType is SPDX's type of predicate: what is in an image.
const SBOMType = "https://spdx.dev/Document"

// unknown is what SPDX has for what nobody says.
const unknown = "NOASSERTION"

// document is an SPDX 2.3 document.
type document struct {
	Version       string         `json:"spdxVersion"`
	License       string         `json:"dataLicense"`
	ID            string         `json:"SPDXID"`
	Name          string         `json:"name"`
	Namespace     string         `json:"documentNamespace"`
	Creation      creation       `json:"creationInfo"`
	Packages      []spdxPackage  `json:"packages"`
	Relationships []relationship `json:"relationships"`
}

type creation struct {
	Created  time.Time `json:"created"`
	Creators []string  `json:"creators"`
	Comment  string    `json:"comment,omitempty"`
}

type spdxPackage struct {
	ID            string        `json:"SPDXID"`
	Name          string        `json:"name"`
	Version       string        `json:"versionInfo,omitempty"`
	Purpose       string        `json:"primaryPackagePurpose,omitempty"`
	Location      string        `json:"downloadLocation"`
	FilesAnalyzed bool          `json:"filesAnalyzed"`
	Source        string        `json:"sourceInfo,omitempty"`
	Concluded     string        `json:"licenseConcluded"`
	Declared      string        `json:"licenseDeclared"`
	Copyright     string        `json:"copyrightText"`
	References    []externalRef `json:"externalRefs,omitempty"`
}

type externalRef struct {
	Category string `json:"referenceCategory"`
	Type     string `json:"referenceType"`
	Locator  string `json:"referenceLocator"`
}

type relationship struct {
	From string `json:"spdxElementId"`
	Type string `json:"relationshipType"`
	To   string `json:"relatedSpdxElement"`
}

const (
	documentID = "SPDXRef-DOCUMENT"
	imageID    = "SPDXRef-Image"
)

// newDocument returns the document of an image with those packages. The same of them make the same document.
func newDocument(image, digest string, made time.Time, list []found, comment string) document {
	d := document{
		Version: "SPDX-2.3", License: "CC0-1.0", ID: documentID, Name: image, Namespace: home + "/spdx/" + digest,
		Creation: creation{made.UTC().Truncate(time.Second), []string{"Tool: docker-bmo-" + version.Version}, comment},
		Packages: []spdxPackage{newPackage(imageID, image, digest)},
		Relationships: []relationship{
			{documentID, "DESCRIBES", imageID},
		},
	}
	d.Packages[0].Purpose = "CONTAINER"
	for i, f := range list {
		p := newPackage(fmt.Sprintf("SPDXRef-Package-%d", i+1), f.name, f.version)
		p.Source = "found in " + f.where
		p.References = []externalRef{{"PACKAGE-MANAGER", "purl", f.purl()}}
		d.Packages = append(d.Packages, p)
		d.Relationships = append(d.Relationships, relationship{imageID, "CONTAINS", p.ID})
	}
	return d
}

func newPackage(id, name, version string) spdxPackage {
	return spdxPackage{
		ID: id, Name: name, Version: version, Location: unknown, Concluded: unknown, Declared: unknown, Copyright: unknown,
	}
}
