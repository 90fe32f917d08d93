package otlp

import (
	"net/url"
	"strings"

	"perfpipe/internal/fault"
)

// HeadersVar is the variable of OpenTelemetry with the headers that are sent to a collector.
const HeadersVar = "OTEL_EXPORTER_OTLP_HEADERS"

// ParseHeaders parses NAME=VALUE,NAME=VALUE, whose values are escaped as in URLs.
func ParseHeaders(text string) (map[string]string, error) {
	headers := map[string]string{}
	for pair := range strings.SplitSeq(text, ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		value, err := url.PathUnescape(value)
		if !ok || err != nil {
			return nil, fault.Usage("it looks like NAME=VALUE,NAME=VALUE", HeadersVar+": not a list of headers")
		}
		headers[strings.TrimSpace(name)] = strings.TrimSpace(value)
	}
	return headers, nil
}
