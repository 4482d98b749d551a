package engine

import (
	"strconv"
	"strings"
)

// signals are the numbers of those that end containers, which are Linux's wherever this program runs.
var signals = map[string]int{
	"HUP": 1, "INT": 2, "QUIT": 3, "ABRT": 6, "KILL": 9, "USR1": 10, "USR2": 12, "PIPE": 13, "ALRM": 14, "TERM": 15,
	"WINCH": 28, "POLL": 29, "PWR": 30, "RTMIN": 34, "RTMAX": 64,
}

// SignalNumber returns the number of a signal, SIGTERM, TERM, RTMIN+3 or 15; 0 if there is none of that name.
func SignalNumber(name string) int {
	if n, err := strconv.Atoi(name); err == nil {
		return n
	}
	name = strings.TrimPrefix(strings.ToUpper(name), "SIG")
	base, rest := name, ""
	if i := strings.IndexAny(name, "+-"); i > 0 {
		base, rest = name[:i], name[i:]
	}
	n := signals[base]
	offset, err := strconv.Atoi(rest)
	if rest == "" || n == 0 {
		return n
	}
	if err != nil {
		return 0
	}
	return n + offset
}
