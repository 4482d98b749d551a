package main

import (
	"fmt"
	"slices"
	"sync"
)

// boundedOutput keeps the beginning and the end of what a test prints.
type boundedOutput struct {
	mu         sync.Mutex
	head, tail []byte
	cut        int
}

// outputHalf is how much is kept of the beginning, and of the end.
const outputHalf = 256 << 10

func (o *boundedOutput) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := min(len(b), outputHalf-len(o.head))
	o.head = append(o.head, b[:n]...)
	o.tail = append(o.tail, b[n:]...)
	if over := len(o.tail) - outputHalf; over > outputHalf { // not at every write
		o.cut += over
		o.tail = slices.Clone(o.tail[over:])
	}
	return len(b), nil
}

func (o *boundedOutput) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.cut == 0 {
		return string(o.head) + string(o.tail)
	}
	return fmt.Sprintf("%s\n[%d bytes are left out]\n%s", o.head, o.cut, o.tail)
}
