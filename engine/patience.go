//go:build !impatient

package engine

import "time"

// AnswerTime is how long the engine may take to answer a question, and WorkTime how long to create, start, stop, remove,
// commit, copy or count, and to go on with what moves an image or a folder. A stream must begin in AnswerTime, and then goes on
// for as long as it takes.
const (
	AnswerTime = time.Minute
	WorkTime   = 15 * time.Minute
)
