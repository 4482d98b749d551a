package harness

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"gotest.tools/v3/assert"
)

// NewTLS serves the engine by TLS, with certificates on both sides, at a port of the machine. It returns the folder
// of the client's.
func NewTLS(t testing.TB, m *Machine) (certificates string) {
	t.Helper()
	ca := NewAuthority(t)
	server, _ := ca.Issue(t, x509.ExtKeyUsageServerAuth)
	trusted := x509.NewCertPool()
	trusted.AddCert(ca.Cert)

	m.tcp = filepath.Join(m.Dir, "tls")
	l, err := net.Listen("unix", m.tcp)
	assert.NilError(t, err)
	t.Cleanup(func() { l.Close() })
	config := &tls.Config{Certificates: []tls.Certificate{server}, ClientCAs: trusted, ClientAuth: tls.RequireAndVerifyClientCert}
	go serveEach(tls.NewListener(l, config), func(c net.Conn) {
		engine, err := dialEngine(context.Background(), "", "")
		if err != nil {
			c.Close()
			return
		}
		join(c.(halfCloser), engine.(halfCloser))
	})

	_, client := ca.Issue(t, x509.ExtKeyUsageClientAuth)
	certificates = filepath.Join(m.Dir, "certs")
	assert.NilError(t, os.Mkdir(certificates, 0o700))
	client["ca.pem"] = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Cert.Raw})
	for name, text := range client {
		assert.NilError(t, os.WriteFile(filepath.Join(certificates, name), text, 0o600))
	}
	return certificates
}

// Authority issues certificates.
type Authority struct {
	Cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewAuthority makes one for a test.
func NewAuthority(t testing.TB) Authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	assert.NilError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	assert.NilError(t, err)
	cert, err := x509.ParseCertificate(der)
	assert.NilError(t, err)
	return Authority{cert, key}
}

// Issue returns a certificate for 127.0.0.1, also as docker's files.
func (a Authority) Issue(t testing.TB, usage x509.ExtKeyUsage) (tls.Certificate, map[string][]byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	assert.NilError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{usage}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.Cert, key.Public(), a.key)
	assert.NilError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	assert.NilError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, map[string][]byte{
		"cert.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		"key.pem":  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	}
}
