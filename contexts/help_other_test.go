//go:build !unix

package contexts

import "errors"

func mkfifo(string) error { return errors.ErrUnsupported }

func umask(int) int { return 0 }
