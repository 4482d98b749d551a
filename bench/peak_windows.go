package main

import "os"

// peak returns 0: what a process has used is not known here.
func peak(*os.ProcessState) float64 { return 0 }
