package main

import (
	"net/url"
	"os"
	"strings"

	"perfpipe/internal/bench"
	"perfpipe/internal/fault"
	"perfpipe/internal/otlp"
)

// traceFlags are those of distributed tracing.
type traceFlags struct {
	Traceparent bool   `group:"output" help:"Send a W3C trace context with each request, so that the server's spans join them; a session is one trace."`
	OTLP        string `name:"otlp" group:"output" placeholder:"FILE|URL" help:"Export the run as spans of OpenTelemetry, OTLP in JSON: to a file, or to a collector such as http://127.0.0.1:4318 (OTEL_EXPORTER_OTLP_HEADERS are sent to it)."`
}

// traces applies the flags to a configuration.
func (f *flags) traces(c *bench.Config) error {
	c.Client.Trace, c.Client.Traceparent = f.Traceparent || f.OTLP != "", f.Traceparent
	c.Output.Spans = f.spanFile()
	if f.OTLP == c.Output.Spans { // no URL
		return nil
	}
	u, err := url.Parse(f.OTLP)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fault.Usage("it looks like http://127.0.0.1:4318", "--otlp: %q is not an http or https URL", f.OTLP)
	}
	headers, err := otlp.ParseHeaders(os.Getenv(otlp.HeadersVar))
	if err != nil {
		return err
	}
	c.Spans = otlp.New(otlp.To(u, headers))
	return nil
}

// spanFile returns the file that --otlp names, or "".
func (f *flags) spanFile() string {
	if strings.Contains(f.OTLP, "://") {
		return ""
	}
	return f.OTLP
}
