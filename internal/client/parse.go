package client

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"perfpipe/internal/fault"
)

// ParseURL parses the URL of a server. Without a scheme, it is http.
func ParseURL(text string) (*url.URL, error) {
	raw := text
	if !strings.Contains(raw, "://") {
		raw = "http://" + raw
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, err
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, fmt.Errorf("%q is not an http or https URL", text)
	}
	return u, nil
}

// ParseResolve parses entries of the form HOST:PORT:ADDR for Network.Resolve. An IPv6 address may be in brackets.
func ParseResolve(entries []string) (map[string]string, error) {
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

// ParseBind parses addresses for Network.Bind. An IPv6 address may be in brackets.
func ParseBind(addrs []string) ([]netip.Addr, error) {
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

// LoadRoots reads a PEM file of certificates to trust.
func LoadRoots(path string) (*x509.CertPool, error) {
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

// LoadCertificate reads a client certificate and its private key from PEM files. An empty key is in the file of the
// certificate.
func LoadCertificate(cert, key string) ([]tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(cert, cmp.Or(key, cert))
	if err != nil {
		return nil, err
	}
	return []tls.Certificate{pair}, nil
}
