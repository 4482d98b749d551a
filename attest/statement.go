package attest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// statementType is what the statements say that they are; BuildKit and cosign write the same.
const statementType = "https://in-toto.io/Statement/v0.1"

// Subject is something that a statement is about.
type Subject struct {
	Name   string            `json:"name"`
	Digest map[string]string `json:"digest"`
}

// NewSubject returns what has that digest, ALGORITHM:HEX, by a name.
func NewSubject(name, digest string) Subject {
	algorithm, hex, _ := strings.Cut(digest, ":")
	return Subject{name, map[string]string{algorithm: hex}}
}

// Statement is an in-toto statement: a predicate about subjects.
type Statement struct {
	Type          string    `json:"_type"`
	PredicateType string    `json:"predicateType"`
	Subject       []Subject `json:"subject"`
	Predicate     any       `json:"predicate"`
}

// NewStatement returns the text of a statement.
func NewStatement(predicateType string, predicate any, subjects ...Subject) ([]byte, error) {
	return json.Marshal(Statement{statementType, predicateType, subjects, predicate})
}

// About returns an error unless text is a statement one of whose subjects has that digest.
func About(text []byte, digest string) error {
	var s Statement
	if err := json.Unmarshal(text, &s); err != nil {
		return fmt.Errorf("it is no in-toto statement: %w", err)
	}
	algorithm, hex, _ := strings.Cut(digest, ":")
	if !slices.ContainsFunc(s.Subject, func(s Subject) bool { return s.Digest[algorithm] == hex && hex != "" }) {
		return fmt.Errorf("it is about something else than %s", digest)
	}
	return nil
}
