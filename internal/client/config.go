package client

import (
	"crypto/tls"
	"net/netip"
	"net/url"
	"time"

	"perfpipe/internal/api"
	"perfpipe/internal/http1"
)

// Config holds the options of a Client. Only URL is required.
type Config struct {
	URL    *url.URL     // of the server: an origin, a base such as /v1, or a whole endpoint
	More   []*url.URL   // servers like URL, used in turn with it
	API    string       // the dialect's name; empty: the one that paths and bodies suggest
	Custom *api.Dialect // of an API that a file describes; nil: none

	APIKey  string
	Headers map[string]string // of every request

	Trace          bool     // records have the ids of a trace and a span
	Traceparent    bool     // requests have them, too, in the header of W3C Trace Context
	SessionHeaders []string // fields that name the session, in the requests of one

	Model   string   // of bodies without one; empty: the first that the server has
	Served  string   // replaces the model of every body: a local server's name of it
	NoUsage bool     // do not ask for usage in streams
	NoTimes bool     // neither ask for the server's own times nor read them
	Drop    []string // members that are removed from bodies

	ConnectTimeout time.Duration // 0: none
	ReadTimeout    time.Duration // the longest wait between two reads; 0: none
	TotalTimeout   time.Duration // 0: none
	Network        Network
	NoResend       bool          // a request fails if the server closes its reused connection without an answer
	Retries        int           // the most attempts after the first; times count from the first
	NoTCPInfo      bool          // leave out what the kernel measures of connections
	Compressed     bool          // ask for compressed answers
	Batch          time.Duration // how long answers wait at least, to be read together to save CPU time; 0: not at all

	// MaxAnswer is the most bytes of an answer that are read, after decompression. 0: 64 MiB of a body or an event, 1
	// GiB of a stream.
	MaxAnswer int64

	SaveOutput  bool // store the output in the record
	SaveRequest bool // store the request in the record
	Simulated   bool // the server is the built-in simulator; records are marked as simulated

	plain bool // use net/http for everything, for tests

	Say func(format string, args ...any) // is called for facts, for each once; may be nil

	// Hint returns the text to append to a message with a reason, which suggests a remedy to the user. It may be nil.
	// The reasons are those of http1.Error and these:
	//   - no-api: no dialect is known for a body
	//   - no-http2: the server does not speak HTTP/2
	//   - not-resent: a request was not sent again, because of NoResend
	//   - redirected: the answer is a redirect
	//   - times-asked: requests ask for the server's own times, because of NoTimes
	//   - refused-fields: the server rejects fields of the body, which the text names by %s
	//   - too-long: an answer exceeds MaxAnswer
	//   - usage-added: streamed requests ask for usage, because of NoUsage
	Hint func(reason string) string

	// Debug, unless nil, is called for each step of each exchange: step is start, sent or received. It is also called,
	// with the id "-" and the step endpoint, for each new endpoint. text is valid during the call.
	Debug func(id, step string, text []byte)
}

// Network holds the options of connections. Its zero value is HTTP/1.1 with keep-alive and the proxies of the
// environment.
type Network struct {
	TLS         *tls.Config       // roots, certificates and what is not verified; nil: the system's
	HTTP2       bool              // HTTP/2: h2 over TLS, h2c (prior knowledge) without
	NoKeepAlive bool              // open a connection for each request
	Resolve     map[string]string // host:port → address, looked up before the DNS
	Unix        string            // path of a socket to connect to instead of host and port
	Bind        []netip.Addr      // local addresses, used in turn
}

// servers returns the URLs of all servers.
func (c *Config) servers() []*url.URL { return append([]*url.URL{c.URL}, c.More...) }

// dialer returns the dialer of all connections but those to proxies.
func (c *Config) dialer() *http1.Dialer {
	n := &c.Network
	d := &http1.Dialer{
		Timeout: c.ConnectTimeout, TLS: n.TLS, Resolve: n.Resolve, Unix: n.Unix, Bind: n.Bind, Say: c.Say,
	}
	if n.HTTP2 {
		if d.TLS = n.TLS.Clone(); d.TLS == nil {
			d.TLS = new(tls.Config)
		}
		d.TLS.NextProtos = []string{"h2"}
	}
	return d
}

// http1 returns the options that the transports share.
func (c *Config) http1() http1.Config {
	return http1.Config{
		ReadTimeout: c.ReadTimeout, TotalTimeout: c.TotalTimeout,
		NoKeepAlive: c.Network.NoKeepAlive, NoResend: c.NoResend,
		Batch: c.Batch, Say: c.Say, Fields: append(c.timeFields(), idFields...),
		NoInfo: c.NoTCPInfo,
	}
}
