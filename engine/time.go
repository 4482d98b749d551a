package engine

import (
	"fmt"
	"time"

	timetypes "github.com/docker/docker/api/types/time"
)

// ParseTime parses a point in time as docker's filters do: a duration before now, a date, a time, or Unix seconds.
func ParseTime(value string, now time.Time) (time.Time, error) {
	stamp, err := timetypes.GetTimestamp(value, now)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is no time", value)
	}
	seconds, nanos, err := timetypes.ParseTimestamps(stamp, 0)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is no time", value)
	}
	return time.Unix(seconds, nanos), nil
}
