package main

import (
	"fmt"

	"github.com/sirupsen/logrus"

	"github.com/docker-bmo/docker-bmo/internal/printable"
)

// libraryLog shows what libraries log as warnings of ours.
type libraryLog struct{}

// Format returns an entry in one line.
func (libraryLog) Format(e *logrus.Entry) ([]byte, error) {
	return fmt.Appendf(nil, "%s: %s\n", e.Level, printable.Text(e.Message)), nil
}
