package stats

import (
	"bytes"

	"llmperf/internal/record"
)

// scanner reads record lines in just the shape in which perf-send writes them: no white space, known keys, plain numbers,
// strings without escapes. Whatever else a line holds makes it give up, and the general decoder takes the line; so it
// decides nothing about what is valid. It is about three times as fast, which is what reading is spent on.
type scanner struct {
	b     []byte
	i     int
	old   record.Record // of the line before, whose strings are used again where they are the same
	plain bool          // old is the scanner's own, so its strings have nothing escaped
	shape []int         // the fields of the line before, in their order
}

// scan fills r, or reports false and leaves it half filled.
func (s *scanner) scan(line []byte, r *record.Record) bool {
	s.b, s.i = line, 1
	if s.old = *r; !s.plain {
		s.old = record.Record{}
	}
	s.plain = false
	*r = record.Record{GapUs: r.GapUs[:0], ChunkTokens: r.ChunkTokens[:0]}
	if len(line) < 2 || line[0] != '{' {
		return false
	}
	for nth := 0; ; nth++ {
		f, ok := s.field(nth)
		if !ok {
			return false
		}
		if s.i += len(fields[f].key); !fields[f].read(s, r) || s.i >= len(s.b) {
			return false
		}
		c := s.b[s.i]
		s.i++
		if c == '}' {
			s.plain = s.i == len(s.b)
			return s.plain
		}
		if c != ',' {
			return false
		}
	}
}

// fields are the keys that the scanner knows. Those of output, request, labels and error are not here: they are long or
// rare.
var fields = []struct {
	key  string
	read func(*scanner, *record.Record) bool
}{
	{`"id":`, func(s *scanner, r *record.Record) bool { return s.text(&r.ID, s.old.ID) }},
	{`"seq":`, func(s *scanner, r *record.Record) bool { return s.integer(&r.Seq) }},
	{`"session":`, func(s *scanner, r *record.Record) bool { return s.text(&r.Session, s.old.Session) }},
	{`"turn":`, func(s *scanner, r *record.Record) bool { return s.count(&r.Turn) }},
	{`"shard":`, func(s *scanner, r *record.Record) bool { return s.text(&r.Shard, s.old.Shard) }},
	{`"run":`, func(s *scanner, r *record.Record) bool { return s.text(&r.Run, s.old.Run) }},
	{`"mode":`, func(s *scanner, r *record.Record) bool { return s.text(&r.Mode, s.old.Mode) }},
	{`"rate":`, func(s *scanner, r *record.Record) bool { return s.float(&r.Rate) }},
	{`"parallel":`, func(s *scanner, r *record.Record) bool { return s.count(&r.Parallel) }},
	{`"phase":`, func(s *scanner, r *record.Record) bool { return s.text(&r.Phase, s.old.Phase) }},
	{`"api":`, func(s *scanner, r *record.Record) bool { return s.text(&r.API, s.old.API) }},
	{`"op":`, func(s *scanner, r *record.Record) bool { return s.text(&r.Op, s.old.Op) }},
	{`"model":`, func(s *scanner, r *record.Record) bool { return s.text(&r.Model, s.old.Model) }},
	{`"url":`, func(s *scanner, r *record.Record) bool { return s.text(&r.URL, s.old.URL) }},
	{`"scheduled_us":`, func(s *scanner, r *record.Record) bool { return s.integer(&r.ScheduledUs) }},
	{`"queue_ms":`, func(s *scanner, r *record.Record) bool { return s.float(&r.QueueMs) }},
	{`"sent_us":`, func(s *scanner, r *record.Record) bool { return s.integer(&r.SentUs) }},
	{`"lag_ms":`, func(s *scanner, r *record.Record) bool { return s.float(&r.LagMs) }},
	{`"clock":`, func(s *scanner, r *record.Record) bool { return s.text(&r.Clock, s.old.Clock) }},
	{`"read_delay_ms":`, func(s *scanner, r *record.Record) bool { return s.float(&r.ReadDelayMs) }},
	{`"client_cpu":`, func(s *scanner, r *record.Record) bool { return s.float(&r.ClientCPU) }},
	{`"dns_ms":`, func(s *scanner, r *record.Record) bool { return s.float(&r.DNSMs) }},
	{`"connect_ms":`, func(s *scanner, r *record.Record) bool { return s.float(&r.ConnectMs) }},
	{`"tls_ms":`, func(s *scanner, r *record.Record) bool { return s.float(&r.TLSMs) }},
	{`"reused":`, func(s *scanner, r *record.Record) bool { return s.boolean(&r.Reused) }},
	{`"headers_ms":`, func(s *scanner, r *record.Record) bool { return s.float(&r.HeadersMs) }},
	{`"ttft_ms":`, func(s *scanner, r *record.Record) bool { return s.float(&r.TTFTMs) }},
	{`"reasoning_ttft_ms":`, func(s *scanner, r *record.Record) bool { return s.float(&r.ReasoningTTFTMs) }},
	{`"content_ttft_ms":`, func(s *scanner, r *record.Record) bool { return s.float(&r.ContentTTFTMs) }},
	{`"tool_ttft_ms":`, func(s *scanner, r *record.Record) bool { return s.float(&r.ToolTTFTMs) }},
	{`"gap_us":`, func(s *scanner, r *record.Record) bool { return s.integers(&r.GapUs) }},
	{`"tpot_ms":`, func(s *scanner, r *record.Record) bool { return s.float(&r.TPOTMs) }},
	{`"latency_ms":`, func(s *scanner, r *record.Record) bool { return s.float(&r.LatencyMs) }},
	{`"prompt_tokens":`, func(s *scanner, r *record.Record) bool { return s.count(&r.PromptTokens) }},
	{`"completion_tokens":`, func(s *scanner, r *record.Record) bool { return s.count(&r.CompletionTokens) }},
	{`"cached_tokens":`, func(s *scanner, r *record.Record) bool { return s.count(&r.CachedTokens) }},
	{`"reasoning_tokens":`, func(s *scanner, r *record.Record) bool { return s.count(&r.ReasoningTokens) }},
	{`"tokens_from":`, func(s *scanner, r *record.Record) bool { return s.text(&r.TokensFrom, s.old.TokensFrom) }},
	{`"items":`, func(s *scanner, r *record.Record) bool { return s.count(&r.Items) }},
	{`"finish_reason":`, func(s *scanner, r *record.Record) bool { return s.text(&r.FinishReason, s.old.FinishReason) }},
	{`"status":`, func(s *scanner, r *record.Record) bool { return s.count(&r.Status) }},
	{`"ok":`, func(s *scanner, r *record.Record) bool { return s.boolean(&r.OK) }},
	{`"attempts":`, func(s *scanner, r *record.Record) bool { return s.count(&r.Attempts) }},
	{`"bytes_sent":`, func(s *scanner, r *record.Record) bool { return s.integer(&r.BytesSent) }},
	{`"bytes_received":`, func(s *scanner, r *record.Record) bool { return s.integer(&r.BytesReceived) }},
}

// field finds the field whose key comes next: the one that stood here on the line before, mostly.
func (s *scanner) field(nth int) (f int, ok bool) {
	next := func(f int) bool {
		key := fields[f].key
		return len(s.b)-s.i > len(key) && string(s.b[s.i:s.i+len(key)]) == key
	}
	if nth < len(s.shape) && next(s.shape[nth]) {
		return s.shape[nth], true
	}
	for f := range fields {
		if next(f) {
			s.shape = append(s.shape[:min(nth, len(s.shape))], f)
			return f, true
		}
	}
	return 0, false
}

func (s *scanner) byte(c byte) bool {
	if s.i >= len(s.b) || s.b[s.i] != c {
		return false
	}
	s.i++
	return true
}

// quoted reads a string of plain ASCII.
func (s *scanner) quoted() ([]byte, bool) {
	if !s.byte('"') {
		return nil, false
	}
	for i, c := range s.b[s.i:] {
		if c == '"' {
			text := s.b[s.i : s.i+i]
			s.i += i + 1
			return text, true
		}
		if c == '\\' || c < ' ' || c >= 0x80 {
			break
		}
	}
	return nil, false
}

func (s *scanner) text(to *string, old string) bool {
	if rest := s.b[s.i:]; len(rest) > len(old)+1 && rest[0] == '"' && rest[len(old)+1] == '"' && string(rest[1:len(old)+1]) == old {
		*to = old
		s.i += len(old) + 2
		return true
	}
	b, ok := s.quoted()
	*to = string(b)
	return ok
}

func (s *scanner) boolean(to *bool) bool {
	rest := s.b[s.i:]
	switch {
	case bytes.HasPrefix(rest, []byte("true")):
		*to, s.i = true, s.i+4
		return true
	case bytes.HasPrefix(rest, []byte("false")):
		*to, s.i = false, s.i+5
		return true
	}
	return false
}

// digits reads a number's digits, at most 18, which an int64 holds, and no zero before another.
func (s *scanner) digits() (v int64, n int) {
	b := s.b[s.i:]
	for n < len(b) && b[n]-'0' <= 9 {
		v = v*10 + int64(b[n]-'0')
		n++
	}
	if n > 18 || n > 1 && b[0] == '0' {
		return 0, 0
	}
	s.i += n
	return v, n
}

func (s *scanner) integer(to *int64) bool {
	negative := s.i < len(s.b) && s.b[s.i] == '-'
	if negative {
		s.i++
	}
	v, n := s.digits()
	if negative {
		v = -v
	}
	*to = v
	return n > 0
}

func (s *scanner) count(to *int) bool {
	var v int64
	ok := s.integer(&v)
	*to = int(v)
	return ok
}

// integers reads an array of whole numbers that are not negative.
func (s *scanner) integers(to *[]int64) bool {
	if !s.byte('[') {
		return false
	}
	out, b, i := (*to)[:0], s.b, s.i
	for i < len(b) {
		first := i
		v := int64(0)
		for i < len(b) && b[i]-'0' <= 9 {
			v = v*10 + int64(b[i]-'0')
			i++
		}
		if n := i - first; n == 0 || n > 18 || n > 1 && b[first] == '0' || i == len(b) {
			return false
		}
		out = append(out, v)
		if i++; b[i-1] == ']' {
			*to, s.i = out, i
			return true
		} else if b[i-1] != ',' {
			return false
		}
	}
	return false
}

// float reads digits and decimals without an exponent. Up to 15 digits are exact in a double and so is the power of ten
// that divides them: their quotient is then the nearest double, as IEEE 754 division rounds once.
func (s *scanner) float(to *float64) bool {
	negative := s.i < len(s.b) && s.b[s.i] == '-'
	if negative {
		s.i++
	}
	v, n := s.digits()
	if n == 0 || n > 15 {
		return false
	}
	f := float64(v)
	if s.i < len(s.b) && s.b[s.i] == '.' {
		s.i++
		fraction, first := int64(0), s.i
		for s.i < len(s.b) && s.b[s.i]-'0' <= 9 {
			if n++; n > 15 {
				return false
			}
			fraction = fraction*10 + int64(s.b[s.i]-'0')
			s.i++
		}
		decimals := s.i - first
		if decimals == 0 {
			return false
		}
		power := powers[decimals]
		f = (f*power + float64(fraction)) / power
	}
	if negative {
		f = -f
	}
	*to = f
	return true
}

var powers = [16]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}
