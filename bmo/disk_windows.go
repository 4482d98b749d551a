package bmo

// freeSpace does not know: the engine is in a virtual machine.
func freeSpace(string) (int64, error) { return 0, errNoSpaceKnown }
