package harness

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"gotest.tools/v3/assert"
)

// Machine is another machine than the engine's, as far as the network goes: what runs on it has a loopback interface
// of its own and no other. It reaches the engine through sockets in the file system only, whoever serves them, and
// never an address of the engine's host.
type Machine struct {
	Dir string
	// tcp is a socket that is served to what runs on the machine as a port of its loopback interface; may be empty.
	tcp string
}

// TCPPort is where Machine.tcp is served.
const TCPPort = "2376"

// NewMachine makes one for a test.
func NewMachine(t testing.TB) *Machine {
	t.Helper()
	// The test's own folder may have a name too long for a socket.
	dir, err := os.MkdirTemp("", "bmo-e2e-far-")
	assert.NilError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	return &Machine{Dir: dir}
}

// The test's own program plays the parts that need to be processes.
const (
	partVar      = "BMO_E2E_PART"
	partMachine  = "machine" // args: the command to run on it
	partConnect  = "connect" // args: the socket to connect standard input and output to
	machineDir   = "BMO_E2E_MACHINE"
	machineTCP   = "BMO_E2E_MACHINE_TCP"
	entranceName = "entrance"
)

func init() {
	part := os.Getenv(partVar)
	os.Unsetenv(partVar)
	var err error
	switch part {
	case "":
		return
	case partConnect:
		err = connect(os.Args[1])
	case partMachine:
		err = onMachine(os.Args[1:])
	}
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		os.Exit(ended.ExitCode())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, part+":", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// Put makes a command run on the machine.
func (m *Machine) Put(cmd *exec.Cmd) {
	self, err := os.Executable()
	if err != nil {
		cmd.Err = err
		return
	}
	cmd.Args = append([]string{self}, cmd.Args...)
	cmd.Path = self
	cmd.Env = append(cmd.Env, partVar+"="+partMachine, machineDir+"="+m.Dir, machineTCP+"="+m.tcp)
	cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWNET
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}}
	}
}

// onMachine runs a command in the network namespace that this process was given.
func onMachine(args []string) error {
	if err := loopbackUp(); err != nil {
		return err
	}
	if socket := os.Getenv(machineTCP); socket != "" {
		l, err := net.Listen("tcp", "127.0.0.1:"+TCPPort)
		if err != nil {
			return err
		}
		go serveEach(l, func(c net.Conn) { joinTo(c, "unix", socket) })
	}
	entrance := filepath.Join(os.Getenv(machineDir), entranceName)
	os.Remove(entrance)
	l, err := net.Listen("unix", entrance)
	if err != nil {
		return err
	}
	go serveEach(l, func(c net.Conn) {
		r := bufio.NewReader(c)
		if address, err := r.ReadString('\n'); err == nil {
			joinTo(buffered{c.(*net.UnixConn), r}, "tcp", strings.TrimSpace(address))
		}
	})
	// Signals go to the whole process group: they are for the command.
	signal.Notify(make(chan os.Signal, 1), os.Interrupt, syscall.SIGTERM)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd.Run()
}

func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo)
}

// Browser is a browser on the machine, as long as a command runs there.
func (m *Machine) Browser() *http.Client {
	return &http.Client{
		Timeout: 20 * time.Second,
		Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			var d net.Dialer
			c, err := d.DialContext(ctx, "unix", filepath.Join(m.Dir, entranceName))
			if err == nil {
				_, err = fmt.Fprintln(c, address)
			}
			return c, err
		}},
	}
}

// halfCloser is a connection that can be closed by halves, as hijacked connections of the Engine API are.
type halfCloser interface {
	net.Conn
	CloseWrite() error
}

type buffered struct {
	*net.UnixConn
	r io.Reader
}

func (b buffered) Read(p []byte) (int, error) { return b.r.Read(p) }

// join copies both ways until both are done.
func join(a, b halfCloser) {
	var both sync.WaitGroup
	for to, from := range map[halfCloser]halfCloser{a: b, b: a} {
		both.Go(func() {
			_, _ = io.Copy(to, from)
			_ = to.CloseWrite()
		})
	}
	both.Wait()
	a.Close()
	b.Close()
}

// joinTo joins a connection to one that it makes.
func joinTo(c net.Conn, network, address string) {
	to, err := net.Dial(network, address)
	if err != nil {
		c.Close()
		return
	}
	join(c.(halfCloser), to.(halfCloser))
}

// connect joins standard input and output to a socket.
func connect(socket string) error {
	c, err := net.Dial("unix", socket)
	if err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(c, os.Stdin)
		_ = c.(halfCloser).CloseWrite()
	}()
	_, err = io.Copy(os.Stdout, c)
	return err
}

// serveEach serves every connection until the listener is closed.
func serveEach(l net.Listener, serve func(net.Conn)) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go serve(c)
	}
}
