package sim

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// spent is the time that an engine spent on a request.
type spent struct {
	queue, prefill, decode time.Duration
	prompt, tokens         int
}

func (s *spent) total() time.Duration { return s.queue + s.prefill + s.decode }

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// dialect is how a kind of server reports what it spent.
type dialect struct {
	name   string
	body   func(s *spent) string         // members of the last event, or of a whole answer; nil: none
	header func(h http.Header, s *spent) // of a whole answer; nil: none
}

// dialects returns those that Config.Times may name.
func dialects() []dialect {
	return []dialect{
		{"vllm", func(s *spent) string {
			itl := "null"
			if s.tokens > 1 {
				itl = fmt.Sprint(ms(s.decode) / float64(s.tokens-1))
			}
			return fmt.Sprintf(`"metrics":{"time_to_first_token_ms":%g,"generation_time_ms":%g,"queue_time_ms":%g,`+
				`"mean_itl_ms":%s}`, ms(s.prefill), ms(s.decode), ms(s.queue), itl)
		}, nil},
		{"llamacpp", func(s *spent) string {
			return fmt.Sprintf(`"timings":{"cache_n":0,"prompt_n":%d,"prompt_ms":%g,"predicted_n":%d,"predicted_ms":%g}`,
				s.prompt, ms(s.prefill), s.tokens, ms(s.decode))
		}, nil},
		{"groq", func(s *spent) string {
			return fmt.Sprintf(`"x_groq":{"usage":{"queue_time":%g,"prompt_tokens":%d,"prompt_time":%g,`+
				`"completion_tokens":%d,"completion_time":%g,"total_time":%g}}`, s.queue.Seconds(), s.prompt,
				s.prefill.Seconds(), s.tokens, s.decode.Seconds(), (s.prefill + s.decode).Seconds())
		}, nil},
		{"cerebras", func(s *spent) string {
			return fmt.Sprintf(`"time_info":{"queue_time":%g,"prompt_time":%g,"completion_time":%g,"total_time":%g}`,
				s.queue.Seconds(), s.prefill.Seconds(), s.decode.Seconds(), s.total().Seconds())
		}, nil},
		{"nim", func(s *spent) string {
			itl := time.Duration(0)
			if s.tokens > 1 {
				itl = s.decode / time.Duration(s.tokens-1)
			}
			return fmt.Sprintf(`"stats":{"type":"NIM LLM Model Stats","generation_time_in_ms":%g,"time_in_queue_in_ms":%g,`+
				`"response_tokens":{"response_token_length":%d,"time_to_first_token_in_ms":%g,`+
				`"token_to_token_time_in_ms":%g}}`, ms(s.prefill+s.decode), ms(s.queue), s.tokens, ms(s.prefill), ms(itl))
		}, nil},
		{"dynamo", func(s *spent) string {
			return fmt.Sprintf(`"nvext":{"timing":{"prefill_wait_time_ms":%g,"prefill_time_ms":%g,"ttft_ms":%g,`+
				`"total_time_ms":%g}}`, ms(s.queue), ms(s.prefill), ms(s.queue+s.prefill), ms(s.total()))
		}, nil},
		{"fireworks", func(s *spent) string {
			return fmt.Sprintf(`"perf_metrics":{"prefill-queue-duration":%g,"prefill-duration":"%g",`+
				`"server-time-to-first-token":%g,"generation-duration":%g,"server-processing-time":%g}`, s.queue.Seconds(),
				s.prefill.Seconds(), (s.queue + s.prefill).Seconds(), s.decode.Seconds(), s.total().Seconds())
		}, nil},
		{"tgi", nil, func(h http.Header, s *spent) {
			h.Set("X-Queue-Time", fmt.Sprint(s.queue.Milliseconds()))
			h.Set("X-Inference-Time", fmt.Sprint((s.prefill + s.decode).Milliseconds()))
			h.Set("X-Time-Per-Token", fmt.Sprint(((s.prefill + s.decode) / time.Duration(s.tokens)).Milliseconds()))
			h.Set("X-Total-Time", fmt.Sprint(s.total().Milliseconds()))
		}},
		{"openai", nil, func(h http.Header, s *spent) {
			h.Set("Openai-Processing-Ms", fmt.Sprint(s.total().Milliseconds()))
		}},
		{"server-timing", nil, func(h http.Header, s *spent) {
			h.Set("Server-Timing", fmt.Sprintf("queue;dur=%g, prefill;dur=%g, decode;dur=%g", ms(s.queue), ms(s.prefill),
				ms(s.decode)))
		}},
	}
}

func dialectNames() string {
	var names []string
	for _, d := range dialects() {
		names = append(names, d.name)
	}
	return strings.Join(names, ", ")
}

// dialectNamed returns a dialect. An empty name is one that reports nothing.
func dialectNamed(name string) (dialect, error) {
	for _, d := range dialects() {
		if d.name == name {
			return d, nil
		}
	}
	return dialect{}, fmt.Errorf("want one of %s", dialectNames())
}
