package client

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"

	"perfpipe/internal/fault"
)

// Connections describes how connections are made in words, as users write them. Each may be empty.
type Connections struct {
	HTTP2       bool
	NoKeepAlive bool
	Headers     map[string]string // of every request; Connection: close is NoKeepAlive, too
	Unix        string            // path of a socket
	Bind        []string          // local addresses
	Resolve     []string          // HOST:PORT:ADDR
	Insecure    bool              // do not verify the server's certificate
	CACert      string            // PEM file of certificates to trust
	Cert, Key   string            // PEM files of the client certificate and its private key, which may be in Cert
}

// Network reads the words. An error is about one of them.
func (c *Connections) Network() (n Network, err error) {
	n = Network{HTTP2: c.HTTP2, NoKeepAlive: c.NoKeepAlive, Unix: c.Unix}
	for name, value := range c.Headers {
		if strings.EqualFold(name, "Connection") && strings.EqualFold(value, "close") {
			n.NoKeepAlive = true
		}
	}
	if n.HTTP2 && n.NoKeepAlive {
		return n, fault.Invalid("no-keep-alive", "leave-out", "one connection of HTTP/2 carries many requests")
	}
	if n.Bind, err = parseBind(c.Bind); err != nil {
		return n, fault.Invalid("bind", "bind", "%w", err)
	}
	if n.Resolve, err = parseResolve(c.Resolve); err != nil {
		return n, fault.Invalid("resolve", "resolve", "%w", err)
	}
	n.TLS = &tls.Config{InsecureSkipVerify: c.Insecure}
	if c.CACert != "" {
		if n.TLS.RootCAs, err = loadRoots(c.CACert); err != nil {
			return n, fault.Of("cacert", "", "%w", err)
		}
	}
	switch {
	case c.Cert == "" && c.Key != "":
		return n, fault.Invalid("key", "key-alone", "needs a certificate")
	case c.Cert != "":
		if n.TLS.Certificates, err = loadCertificate(c.Cert, c.Key); err != nil {
			return n, fault.Of("cert", "certificate", "%w", err)
		}
	}
	return n, nil
}

// parseResolve parses entries of the form HOST:PORT:ADDR for Network.Resolve. An IPv6 address may be in brackets.
func parseResolve(entries []string) (map[string]string, error) {
	m := map[string]string{}
	for _, e := range entries {
		host, rest, ok1 := strings.Cut(e, ":")
		if strings.HasPrefix(e, "[") {
			host, rest, ok1 = strings.Cut(e[1:], "]:")
		}
		port, addr, ok2 := strings.Cut(rest, ":")
		addr = strings.Trim(addr, "[]")
		if _, err := netip.ParseAddr(addr); err != nil || !ok1 || !ok2 || host == "" || port == "" {
			return nil, fmt.Errorf("%q is not HOST:PORT:ADDR", e)
		}
		m[strings.ToLower(net.JoinHostPort(host, port))] = addr
	}
	return m, nil
}

// parseBind parses addresses for Network.Bind. An IPv6 address may be in brackets.
func parseBind(addrs []string) ([]netip.Addr, error) {
	var list []netip.Addr
	for _, a := range addrs {
		ip, err := netip.ParseAddr(strings.Trim(a, "[]"))
		if err != nil {
			return nil, fmt.Errorf("%q is not an IP address", a)
		}
		list = append(list, ip)
	}
	return list, nil
}

// loadRoots reads a PEM file of certificates to trust.
func loadRoots(path string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fault.Fail("it must hold certificates in PEM", "%s has none", path)
	}
	return roots, nil
}

// loadCertificate reads a client certificate and its private key from PEM files. An empty key is in the file of the
// certificate.
func loadCertificate(cert, key string) ([]tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(cert, cmp.Or(key, cert))
	if err != nil {
		return nil, err
	}
	return []tls.Certificate{pair}, nil
}
