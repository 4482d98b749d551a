package harness

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"
	"gotest.tools/v3/assert"
)

// SSHD is an ssh server on the engine's host. The client is the real one, and so is the docker that it calls here; the
// server is not, so that no machine gets one installed for the tests.
type SSHD struct {
	socket string
	config *ssh.ServerConfig

	mu     sync.Mutex
	conns  map[net.Conn]bool
	closed bool
}

// HostName is what the server is called in the client's configuration.
const HostName = "far"

// NewSSHD starts a server and puts a client on the machine that finds it. The client's folder comes first in PATH.
func NewSSHD(t testing.TB, m *Machine) (s *SSHD, env []string) {
	t.Helper()
	s = &SSHD{socket: filepath.Join(m.Dir, "sshd"), conns: map[net.Conn]bool{}}
	hostPublic, hostKey := newKey(t)
	userPublic, userKey := newKey(t)
	signer, err := ssh.NewSignerFromKey(hostKey)
	assert.NilError(t, err)
	s.config = &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if string(key.Marshal()) != string(userPublic.Marshal()) {
			return nil, errors.New("unknown key")
		}
		return nil, nil
	}}
	s.config.AddHostKey(signer)
	l, err := net.Listen("unix", s.socket)
	assert.NilError(t, err)
	t.Cleanup(func() { l.Close(); s.HangUp() })
	go serveEach(l, s.serve)
	return s, installClient(t, m, s.socket, hostPublic, userKey)
}

func newKey(t testing.TB) (ssh.PublicKey, ed25519.PrivateKey) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	assert.NilError(t, err)
	key, err := ssh.NewPublicKey(public)
	assert.NilError(t, err)
	return key, private
}

// installClient puts an ssh on the machine that reads a configuration of its own. It returns what it needs to be found.
func installClient(t testing.TB, m *Machine, socket string, host ssh.PublicKey, user ed25519.PrivateKey) (env []string) {
	t.Helper()
	client, err := exec.LookPath("ssh")
	assert.NilError(t, err)
	self, err := os.Executable()
	assert.NilError(t, err)
	block, err := ssh.MarshalPrivateKey(user, "")
	assert.NilError(t, err)
	bin := filepath.Join(m.Dir, "bin")
	assert.NilError(t, os.Mkdir(bin, 0o700))
	for name, text := range map[string]string{
		"id":          string(pem.EncodeToMemory(block)),
		"known_hosts": HostName + " " + string(ssh.MarshalAuthorizedKey(host)),
		"config": fmt.Sprintf("Host %s\n  User somebody\n  IdentityFile %s\n  IdentitiesOnly yes\n  UserKnownHostsFile %s\n"+
			"  StrictHostKeyChecking yes\n  BatchMode yes\n  ProxyCommand env %s=%s '%s' '%s'\n",
			HostName, filepath.Join(m.Dir, "id"), filepath.Join(m.Dir, "known_hosts"), partVar, partConnect, self, socket),
		"bin/ssh": fmt.Sprintf("#!/bin/sh\nexec '%s' -F '%s' \"$@\"\n", client, filepath.Join(m.Dir, "config")),
	} {
		mode := os.FileMode(0o600)
		if name == "bin/ssh" {
			mode = 0o700
		}
		assert.NilError(t, os.WriteFile(filepath.Join(m.Dir, name), []byte(text), mode))
	}
	return []string{"PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH")}
}

// HangUp ends all connections, as when the network goes.
func (s *SSHD) HangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.Close()
	}
}

// Close refuses new connections, or takes them again.
func (s *SSHD) Close(closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = closed
}

// admit notes a connection, unless none are taken.
func (s *SSHD) admit(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[c] = true
	return !s.closed
}

func (s *SSHD) serve(c net.Conn) {
	defer func() {
		c.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.conns, c)
	}()
	if !s.admit(c) {
		return
	}
	conn, channels, requests, err := ssh.NewServerConn(c, s.config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for ch := range channels {
		if ch.ChannelType() != "session" {
			_ = ch.Reject(ssh.UnknownChannelType, "sessions only")
			continue
		}
		if channel, requests, err := ch.Accept(); err == nil {
			go session(channel, requests)
		}
	}
	_ = conn.Wait()
}

// session runs the one command that a session asks for, in the tests' own environment, which has the engine in it.
func session(ch ssh.Channel, requests <-chan *ssh.Request) {
	for r := range requests {
		var exec struct{ Command string }
		if r.Type != "exec" || ssh.Unmarshal(r.Payload, &exec) != nil {
			_ = r.Reply(false, nil)
			continue
		}
		_ = r.Reply(true, nil)
		go func() {
			code := execute(ch, exec.Command)
			_, _ = ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{uint32(code)}))
			ch.Close()
		}()
	}
}

func execute(ch ssh.Channel, command string) int {
	cmd := exec.Command("sh", "-c", command)
	cmd.Stdout, cmd.Stderr = ch, ch.Stderr()
	stdin, err := cmd.StdinPipe()
	if err != nil || cmd.Start() != nil {
		return 127
	}
	go func() {
		_, _ = io.Copy(stdin, ch)
		stdin.Close()
	}()
	_ = cmd.Wait() // the exit code says it
	return cmd.ProcessState.ExitCode()
}
