package main

import (
	"net/url"
	"os"
	"strings"

	"perfpipe/internal/bench"
	"perfpipe/internal/cli"
	"perfpipe/internal/fault"
	"perfpipe/internal/otlp"
)

// traceFlags are those of distributed tracing.
type traceFlags struct {
	Traceparent bool   `group:"output" help:"Send a W3C trace context with each request, so that the server's spans join them; a session is one trace."`
	OTLP        string `name:"otlp" group:"output" placeholder:"FILE|URL" help:"Export the run as spans of OpenTelemetry, OTLP in JSON: to a file, or to a collector such as http://127.0.0.1:4318 (OTEL_EXPORTER_OTLP_HEADERS are sent to it)."`
}

// traces applies the flags to a configuration. The file, if it is not nil, is complete after the run.
func (f *flags) traces(env *cli.Env, c *bench.Config) (complete func() error, err error) {
	c.Client.Trace, c.Client.Traceparent = f.Traceparent || f.OTLP != "", f.Traceparent
	complete = func() error { return nil }
	switch file := f.spanFile(); {
	case f.OTLP == "":
	case file == "":
		u, err := url.Parse(f.OTLP)
		if err != nil || u.Host == "" {
			return nil, fault.Usage("it looks like http://127.0.0.1:4318", "--otlp: %q is no URL", f.OTLP)
		}
		headers, err := otlp.ParseHeaders(os.Getenv(otlp.HeadersVar))
		if err != nil {
			return nil, err
		}
		c.Spans = otlp.New(otlp.To(u, headers))
	default:
		out := env.Create(file)
		c.Spans = otlp.New(otlp.ToFile(out))
		complete = out.Commit
	}
	return complete, nil
}

// spanFile returns the file that --otlp names, or "".
func (f *flags) spanFile() string {
	if strings.HasPrefix(f.OTLP, "http://") || strings.HasPrefix(f.OTLP, "https://") {
		return ""
	}
	return f.OTLP
}
