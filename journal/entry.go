package journal

import (
	"encoding/json"
	"time"
	"unicode/utf8"
)

// Kind says what an Entry is.
type Kind string

// Kinds of entries.
const (
	// KindLine is a line that a container printed.
	KindLine Kind = "line"
	// KindEvent is something that the engine did to a container; Action is docker's word for it.
	KindEvent Kind = "event"
	// KindStep is a step of docker bmo itself; Action is "begin", "done" or "failed".
	KindStep Kind = "step"
	// KindProbe is what came of asking a service whether it is ready; Action is "waiting" or "answered".
	KindProbe Kind = "probe"
	// KindReady says that a service, or without one everything, is ready.
	KindReady Kind = "ready"
	// KindNote is a remark of docker bmo.
	KindNote Kind = "note"
	// KindGap says what the record lacks, and from when on it is whole again.
	KindGap Kind = "gap"
	// KindEnd is the last entry of what is over; Action says how it ended.
	KindEnd Kind = "end"
)

// Entry is one entry of a record.
type Entry struct {
	// Time is by the engine's clock.
	Time time.Time `json:"time"`
	Kind Kind      `json:"kind"`
	// Service is what the entry is about; empty for docker bmo itself and for everything together.
	Service string `json:"service,omitempty"`
	// Container is the beginning of the container's identifier.
	Container string `json:"container,omitempty"`
	// Stderr reports that a line was written to standard error.
	Stderr bool `json:"stderr,omitempty"`
	// Text is the line as it was printed, without its end, or what is to be said.
	Text string `json:"text,omitempty"`
	// More reports that the next line of the same container and stream continues this one, which is too long to be kept in
	// one piece.
	More   bool   `json:"more,omitempty"`
	Action string `json:"action,omitempty"`
	// Attributes are what the engine says of an event, without labels.
	Attributes map[string]string `json:"attributes,omitempty"`
	// Times is how often the same came of a probe; 0 stands for once.
	Times int `json:"times,omitempty"`
	// Messages is of how many of the engine's messages a line was put together; 0 stands for one.
	Messages int `json:"messages,omitempty"`
}

// disk is an entry in a file: JSON has no strings that are not UTF-8.
type disk struct {
	entry
	Raw []byte `json:"raw,omitempty"`
}

type entry Entry

func encode(e Entry) []byte {
	d := disk{entry: entry(e)}
	if !utf8.ValidString(e.Text) {
		d.Text, d.Raw = "", []byte(e.Text)
	}
	b, _ := json.Marshal(d) // never fails for such a type
	return append(b, '\n')
}

func decode(b []byte) (Entry, error) {
	var d disk
	if err := json.Unmarshal(b, &d); err != nil {
		return Entry{}, err
	}
	if d.Raw != nil {
		d.Text = string(d.Raw)
	}
	return Entry(d.entry), nil
}

// Header is the first line of a record: what it is about.
type Header struct {
	// ID is the name of the record's file and the label of the containers that it is about.
	ID string `json:"record"`
	// Kind is one of the roles of containers: bootstrap or instance.
	Kind string `json:"kind"`
	// Name is the instance's; empty for a bootstrap.
	Name string `json:"name,omitempty"`
	// Key is that of the snapshot that the bootstrap makes, or the instance runs from.
	Key string `json:"key,omitempty"`
	// Stack is the stack's name.
	Stack string `json:"stack,omitempty"`
	// Engine is the identifier of the engine.
	Engine string `json:"engine,omitempty"`
	// Created is when the record began, by the engine's clock.
	Created time.Time `json:"created"`
}
