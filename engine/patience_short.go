//go:build impatient

package engine

import "time"

// Those of a program that is built for a test: one that waits for all limits in turn would take days.
const (
	AnswerTime = 4 * time.Second
	WorkTime   = 8 * time.Second
)
