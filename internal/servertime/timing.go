package servertime

import (
	"strconv"
	"strings"
)

// serverTiming is the header field of that name (https://www.w3.org/TR/server-timing/).
const serverTiming = "server-timing"

// timingTerms are the terms of the usual metric names. Names of parts of an upstream's time are not among them.
var timingTerms = map[string]Term{
	"queue": Queue, "queueing": Queue, "queue_time": Queue, "wait": Queue,
	"prefill": Prefill, "ttft": TTFT, "decode": Decode, "generation": Decode,
	"total": Header, "app": Header, "application": Header, "server": Header, "inference": Header, "upstream": Header,
	"origin": Header, "backend": Header, "cforigin": Header, "gfet4t7": Header, "afe": Header,
}

// parseServerTiming reads the value of a Server-Timing field. The time of an engine has one of the usual names. What a
// server took as a whole counts once, as the longest. Other names are those of proxies, whose times add up, unless they
// are parts of a server's.
func parseServerTiming(value string) (t Times) {
	if value == "" {
		return t
	}
	gateway, engine := 0.0, false
	for _, entry := range splitQuoted(value, ',') {
		params := splitQuoted(entry, ';')
		name := strings.ToLower(strings.TrimSpace(params[0]))
		ms, ok := duration(params[1:])
		if name == "" || !ok {
			continue
		}
		term, known := timingTerms[name]
		switch {
		case known && term == Header:
			t.Set(Header, max(ms, t.value[Header]))
		case known:
			t.add(term, ms)
		case !strings.Contains(name, "stream") && !strings.Contains(name, "db") && !strings.Contains(name, "cache"):
			gateway += ms
		}
		if known && term != Header {
			engine = true
		}
	}
	if gateway > 0 {
		t.Set(Gateway, gateway)
	}
	switch {
	case t.Empty():
	case engine:
		t.From = serverTiming
	default:
		t.Proxy = serverTiming
	}
	return t
}

// duration returns the dur of an entry's parameters, in ms. Of several, the first counts.
func duration(params []string) (ms float64, ok bool) {
	for _, p := range params {
		key, v, _ := strings.Cut(p, "=")
		if !strings.EqualFold(strings.TrimSpace(key), "dur") {
			continue
		}
		ms, err := strconv.ParseFloat(strings.Trim(strings.TrimSpace(v), `"`), 64)
		return ms, err == nil
	}
	return 0, false
}

// splitQuoted splits at a separator outside of quoted strings.
func splitQuoted(s string, sep byte) (parts []string) {
	quoted, from := false, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == sep && !quoted:
			parts = append(parts, s[from:i])
			from = i + 1
		}
	}
	return append(parts, s[from:])
}
