package attest

import (
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// Options say what is attested of a snapshot that is pushed. The zero value is nothing.
type Options struct {
	// Provenance says how each image was made, and what went into the snapshot.
	Provenance bool
	// SBOM says what is in each image, by Scanner, an image of BuildKit's protocol; "" for our own reading.
	SBOM    bool
	Scanner string
	// Builder is an address that stands for who makes it; "" for docker bmo.
	Builder string
	// Asked reports that somebody has asked for it, and not only not refused it: what is there without it is pushed anew.
	Asked bool
}

// ParseOptions parses the values of --attest, --provenance and --sbom, as docker buildx has them. As there, provenance is
// attested unless it is refused.
func ParseOptions(attests []string, provenance, sbom string) (o Options, err error) {
	o.Provenance = true
	if sbom != "" {
		attests = append(attests, "type=sbom,"+shorthand(sbom))
	}
	if provenance != "" {
		attests = append(attests, "type=provenance,"+shorthand(provenance))
	}
	for _, text := range attests {
		if err := o.parse(text); err != nil {
			return o, err
		}
	}
	return o, nil
}

// shorthand turns a value of --provenance or --sbom into attributes of --attest.
func shorthand(value string) string {
	if on, err := strconv.ParseBool(value); err == nil {
		return "disabled=" + strconv.FormatBool(!on)
	}
	return value
}

// parse takes in one value of --attest.
func (o *Options) parse(text string) error {
	fields, err := csv.NewReader(strings.NewReader(text)).Read()
	if err != nil {
		return fmt.Errorf("invalid --attest %q: want type=TYPE[,KEY=VALUE]", text)
	}
	values := map[string]string{}
	for _, f := range fields {
		k, v, ok := strings.Cut(f, "=")
		if !ok {
			return fmt.Errorf("invalid --attest %q: want type=TYPE[,KEY=VALUE]", text)
		}
		values[k] = v
	}
	kind := values["type"]
	delete(values, "type")
	disabled := false
	if text, ok := values["disabled"]; ok {
		if disabled, err = strconv.ParseBool(text); err != nil {
			return fmt.Errorf("invalid --attest type=%s: disabled is %q, not true or false", kind, text)
		}
		delete(values, "disabled")
	}
	switch kind {
	case "provenance":
		o.Provenance = !disabled
		err = o.provenance(values)
	case "sbom":
		o.SBOM = !disabled
		err = o.sbom(values)
	default:
		return hint.Wrap(fmt.Errorf("invalid --attest %q: there is no type %q", text, kind), "types are provenance and sbom")
	}
	o.Asked = o.Asked || err == nil && !disabled
	return err
}

// provenance takes in the attributes of a provenance.
func (o *Options) provenance(values map[string]string) error {
	for k, v := range values {
		switch {
		case k == "builder-id":
			o.Builder = v
		case k == "mode" && v == "min", k == "version" && v == "v1":
		case k == "mode":
			return hint.Wrap(fmt.Errorf("invalid --provenance: mode is %q", v), "there is one mode, min: arguments and commands are there as digests, as they may be secrets")
		case k == "version":
			return hint.Wrap(fmt.Errorf("invalid --provenance: version is %q", v), "it is SLSA's v1")
		default:
			return hint.Wrap(fmt.Errorf("invalid --provenance: there is no attribute %q", k), "attributes are builder-id, disabled, mode and version")
		}
	}
	return nil
}

// sbom takes in the attributes of a software bill of materials.
func (o *Options) sbom(values map[string]string) error {
	for k, v := range values {
		if k != "generator" {
			return hint.Wrap(fmt.Errorf("invalid --sbom: there is no attribute %q", k), "attributes are disabled and generator, an image")
		}
		o.Scanner = v
	}
	return nil
}

// Predicates are the types of the predicates that are asked for.
func (o Options) Predicates() (list []string) {
	if o.Provenance {
		list = append(list, ProvenanceType, SnapshotType)
	}
	if o.SBOM {
		list = append(list, SBOMType)
	}
	return list
}
