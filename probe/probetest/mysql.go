// Package probetest has servers for tests of readiness, which behave as real ones do while they start.
package probetest

import (
	"bytes"
	"crypto/sha1" // what MySQL's protocol asks for
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
)

// MySQL implements as much of MySQL's protocol as a login and queries without results need.
type MySQL struct {
	// User, Password and Database are who may log in, and where.
	User, Password, Database string
	// Queries are those that are answered; nil means all.
	Queries map[string]bool
	// Refuse, if not empty, is the error that every connection gets instead of a greeting.
	Refuse string
	// TLS, if not nil, is offered to clients, and Secure refuses those that do not take it.
	TLS    *tls.Config
	Secure bool
	// Sha2 asks for the password by caching_sha2_password, and for all of it, as a server does that has just started. It
	// needs TLS.
	Sha2 bool
}

const scramble = "0123456789abcdefghij"

// capabilities: long password, connect with database, protocol 4.1, transactions, secure connection, plugin auth.
const capabilities = 0x1 | 0x8 | 0x200 | 0x2000 | 0x8000 | 0x80000

// encrypted is the capability to speak TLS.
const encrypted = 0x800

var ok = []byte{0, 0, 0, 2, 0, 0, 0}

// Serve serves one connection.
func (m MySQL) Serve(c net.Conn) {
	s := &session{Conn: c}
	if m.Refuse != "" {
		s.refuse(1040, "08004", m.Refuse)
		return
	}
	s.send(m.greeting())
	login, err := s.receive()
	if err == nil && len(login) == 32 && m.TLS != nil { // it asks for TLS
		s.Conn = tls.Server(s.Conn, m.TLS)
		login, err = s.receive()
	} else if err == nil && m.Secure {
		s.refuse(3159, "HY000", "Connections using insecure transport are prohibited while --require_secure_transport=ON.")
		return
	}
	if err != nil {
		return
	}
	if !m.login(s, login) {
		return
	}
	s.send(ok)
	for {
		s.seq = 0
		cmd, err := s.receive()
		switch {
		case err != nil || cmd[0] != 3: // anything but a query is taken as a farewell
			return
		case m.Queries != nil && !m.Queries[string(cmd[1:])]:
			s.refuse(1146, "42S02", fmt.Sprintf("cannot answer %q", cmd[1:]))
		default:
			s.send(ok)
		}
	}
}

func (m MySQL) greeting() []byte {
	can, plugin := uint32(capabilities), "mysql_native_password"
	if m.TLS != nil {
		can |= encrypted
	}
	if m.Sha2 {
		plugin = "caching_sha2_password"
	}
	var b bytes.Buffer
	b.WriteString("\x0a9.7.0\x00\x01\x00\x00\x00" + scramble[:8] + "\x00")
	_ = binary.Write(&b, binary.LittleEndian, uint16(can&0xffff))
	b.WriteString("\x2d\x02\x00")
	_ = binary.Write(&b, binary.LittleEndian, uint16(can>>16))
	b.WriteString("\x15" + string(make([]byte, 10)) + scramble[8:] + "\x00" + plugin + "\x00")
	return b.Bytes()
}

// login reads the answer to the greeting: 32 bytes of numbers, the user, the scrambled password, the database.
func (m MySQL) login(s *session, b []byte) bool {
	user, rest, _ := bytes.Cut(b[32:], []byte{0})
	n := int(rest[0])
	password, rest := rest[1:1+n], rest[1+n:]
	database, _, _ := bytes.Cut(rest, []byte{0})
	right := bytes.Equal(password, scrambled(m.Password))
	if m.Sha2 {
		s.send([]byte{1, 4}) // all of it
		plain, err := s.receive()
		right = err == nil && string(plain) == m.Password+"\x00"
	}
	switch {
	case string(user) != m.User || !right:
		s.refuse(1045, "28000", fmt.Sprintf("Access denied for user '%s'", user))
	case string(database) != m.Database:
		s.refuse(1049, "42000", fmt.Sprintf("Unknown database '%s'", database))
	default:
		return true
	}
	return false
}

// scrambled is how mysql_native_password sends a password.
func scrambled(password string) []byte {
	if password == "" {
		return []byte{}
	}
	once := sha1.Sum([]byte(password))
	twice := sha1.Sum(once[:])
	mask := sha1.Sum(append([]byte(scramble), twice[:]...))
	for i := range once {
		once[i] ^= mask[i]
	}
	return once[:]
}

// session sends and receives packets: three bytes of length, one that counts.
type session struct {
	net.Conn
	seq byte
}

func (s *session) send(b []byte) {
	head := []byte{byte(len(b)), byte(len(b) >> 8), byte(len(b) >> 16), s.seq}
	s.seq++
	_, _ = s.Write(append(head, b...))
}

func (s *session) refuse(code uint16, state, message string) {
	s.send(append([]byte{0xff, byte(code), byte(code >> 8)}, "#"+state+message...))
}

func (s *session) receive() ([]byte, error) {
	head := make([]byte, 4)
	if _, err := io.ReadFull(s, head); err != nil {
		return nil, err
	}
	s.seq = head[3] + 1
	b := make([]byte, int(head[0])|int(head[1])<<8|int(head[2])<<16)
	_, err := io.ReadFull(s, b)
	return b, err
}

// Silent accepts a connection and says nothing until the client goes.
func Silent(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// HangUp closes a connection at once, as a proxy does whose server is not there yet.
func HangUp(net.Conn) {}
