package sim

import (
	"encoding/json"
	"net/http"
	"strings"
)

// native answers the native APIs of Ollama and SGLang, which report what they spent on each request.
func (s *Server) native(mux *http.ServeMux) {
	mux.HandleFunc("POST /api/chat", func(w http.ResponseWriter, r *http.Request) {
		s.serve(w, r, func(body []byte) (job, error) {
			a, err := s.cfg.parseOllama(body)
			return job{a, true, (*generation).ollama}, err
		})
	})
	mux.HandleFunc("POST /generate", func(w http.ResponseWriter, r *http.Request) {
		s.serve(w, r, func(body []byte) (job, error) {
			a, err := s.cfg.parseSGLang(body)
			return job{a, false, (*generation).sglang}, err
		})
	})
}

func (c *Config) parseOllama(body []byte) (a ask, err error) {
	var in struct {
		Model    string          `json:"model"`
		Messages json.RawMessage `json:"messages"`
		Stream   *bool           `json:"stream"`
		Options  struct {
			Predict *int `json:"num_predict"`
		} `json:"options"`
	}
	if err := decode(body, &in); err != nil {
		return a, err
	}
	a.Model, a.Stream = in.Model, in.Stream == nil || *in.Stream
	if err := a.limit(c, "num_predict", in.Options.Predict); err != nil {
		return a, err
	}
	a.Messages = in.Messages
	return a, a.countMessages(c)
}

func (c *Config) parseSGLang(body []byte) (a ask, err error) {
	var in struct {
		Text     json.RawMessage `json:"text"`
		IDs      json.RawMessage `json:"input_ids"`
		Stream   bool            `json:"stream"`
		Sampling struct {
			Most *int `json:"max_new_tokens"`
		} `json:"sampling_params"`
	}
	if err := decode(body, &in); err != nil {
		return a, err
	}
	a.Stream = in.Stream
	if err := a.limit(c, "max_new_tokens", in.Sampling.Most); err != nil {
		return a, err
	}
	if in.Text == nil {
		in.Text = in.IDs
	}
	return a, a.countPrompt(c, in.Text)
}

// write sends a value in one piece, with what stands before and after it.
func (g *generation) write(before string, v any, after string) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if _, err := g.w.Write([]byte(before + string(b) + after)); err != nil {
		return err
	}
	return http.NewResponseController(g.w).Flush()
}

// ollama answers in lines of JSON. As in the original, loading includes the wait to be scheduled.
func (g *generation) ollama() error {
	g.w.Header().Set("Content-Type", "application/x-ndjson")
	message := func(text string) map[string]any {
		return map[string]any{"model": g.ask.Model, "done": false,
			"message": map[string]any{"role": "assistant", "content": text}}
	}
	var whole strings.Builder
	err := g.each(func(k int, _ bool) error {
		if !g.ask.Stream {
			whole.WriteString(g.word(k))
			return nil
		}
		return g.write("", message(g.word(k)), "\n")
	})
	if err != nil {
		return err
	}
	end := message(whole.String())
	end["done"], end["done_reason"] = true, g.ask.finish
	end["total_duration"], end["load_duration"] = g.spent.total(), g.spent.queue
	end["prompt_eval_count"], end["prompt_eval_duration"] = g.ask.promptTokens, g.spent.prefill
	end["eval_count"], end["eval_duration"] = g.ask.tokens, g.spent.decode
	return g.write("", end, "\n")
}

// sglang answers with texts that grow from event to event. The last one has the times, as with --enable-metrics.
func (g *generation) sglang() error {
	var text strings.Builder
	event := func(k int, last bool) map[string]any {
		meta := map[string]any{"prompt_tokens": g.ask.promptTokens, "completion_tokens": k + 1, "finish_reason": nil}
		if last {
			begin := float64(g.s.clock.Ns(g.start)) / 1e9
			meta["finish_reason"] = map[string]any{"type": g.ask.finish}
			meta["queue_time"], meta["forward_entry_time"] = g.spent.queue.Seconds(), begin
			meta["prefill_finished_time"] = begin + g.spent.prefill.Seconds()
			meta["first_token_latency"] = (g.spent.queue + g.spent.prefill).Seconds()
			meta["e2e_latency"] = g.spent.total().Seconds()
		}
		return map[string]any{"text": text.String(), "meta_info": meta}
	}
	if !g.ask.Stream {
		if err := g.each(func(k int, _ bool) error { text.WriteString(g.word(k)); return nil }); err != nil {
			return err
		}
		g.w.Header().Set("Content-Type", "application/json")
		return g.write("", event(g.ask.tokens-1, true), "")
	}
	g.w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	err := g.each(func(k int, last bool) error {
		text.WriteString(g.word(k))
		return g.write("data: ", event(k, last), "\n\n")
	})
	if err != nil {
		return err
	}
	_, err = g.w.Write([]byte("data: [DONE]\n\n"))
	return err
}
