package client

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestParseURL(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"127.0.0.1:8000", "http://127.0.0.1:8000"},
		{"https://api.test/v1", "https://api.test/v1"},
		{"ftp://api.test", ""}, {"http://", ""}, {"http://[::1", ""}, {"", ""},
	} {
		switch u, err := parseURL(c.text); {
		case err != nil && c.want != "":
			t.Errorf("%q: %v", c.text, err)
		case err == nil && u.String() != c.want:
			t.Errorf("%q: got %s, want %q", c.text, u, c.want)
		}
	}
}

func TestParseResolve(t *testing.T) {
	got, err := parseResolve([]string{"API.test:443:127.0.0.1", "api.test:80:[::1]", "[2001:db8::7]:80:::1"})
	want := map[string]string{"api.test:443": "127.0.0.1", "api.test:80": "::1", "[2001:db8::7]:80": "::1"}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	for _, bad := range []string{"", "api.test", "api.test:443", "api.test:443:name", ":443:127.0.0.1", "a::127.0.0.1"} {
		if got, err := parseResolve([]string{bad}); err == nil {
			t.Errorf("%q: got %v", bad, got)
		}
	}
}

func TestParseBind(t *testing.T) {
	got, err := parseBind([]string{"192.0.2.7", "[2001:db8::7]"})
	want := []netip.Addr{netip.MustParseAddr("192.0.2.7"), netip.MustParseAddr("2001:db8::7")}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	if _, err := parseBind([]string{"localhost"}); err == nil {
		t.Error("localhost is an address")
	}
}

func TestLoadRoots(t *testing.T) {
	p := startPeer(t, true, nil)
	cert, wantRoots := p.Certificate(), p.roots
	path := filepath.Join(t.TempDir(), "ca.pem")
	write := func(data []byte) {
		t.Helper()
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}))
	if roots, err := loadRoots(path); err != nil || !roots.Equal(wantRoots) {
		t.Errorf("got %v, %v; want one certificate", roots, err)
	}
	write([]byte("no PEM"))
	if _, err := loadRoots(path); err == nil || !strings.HasSuffix(err.Error(), "ca.pem has none") {
		t.Errorf("a file without certificates: %v", err)
	}
	if _, err := loadRoots(path + "x"); !os.IsNotExist(err) {
		t.Errorf("no file: %v", err)
	}
}

// The key may be in the file of the certificate.
func TestLoadCertificate(t *testing.T) {
	pair := startPeer(t, true, nil).TLS.Certificates[0]
	dir := t.TempDir()
	cert, key, both := filepath.Join(dir, "cert"), filepath.Join(dir, "key"), filepath.Join(dir, "both")
	certPEM, keyPEM := encode(t, pair)
	for path, data := range map[string][]byte{cert: certPEM, key: keyPEM, both: append(certPEM, keyPEM...)} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		cert, key string
		ok        bool
	}{{cert, key, true}, {both, "", true}, {cert, "", false}, {dir + "/none", key, false}} {
		if got, err := loadCertificate(c.cert, c.key); (err == nil) != c.ok || c.ok && len(got) != 1 {
			t.Errorf("%q and %q: %d certificates, %v", c.cert, c.key, len(got), err)
		}
	}
}

// encode returns a certificate and its key in PEM.
func encode(t *testing.T, pair tls.Certificate) (cert, key []byte) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}
