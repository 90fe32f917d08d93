package sim

import (
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
)

// The native APIs answer in their forms, with what was spent in their words and units.
func TestNative(t *testing.T) {
	for _, c := range []struct{ path, body, last string }{
		{"/api/chat", `{"model":"m","messages":[{"role":"user","content":"a b"}],"options":{"num_predict":3}}`,
			`{"done":true,"done_reason":"length","eval_count":3,"eval_duration":20000000,"load_duration":0,` +
				`"message":{"content":"","role":"assistant"},"model":"m","prompt_eval_count":2,` +
				`"prompt_eval_duration":50000000,"total_duration":70000000}`},
		{"/api/chat", `{"model":"m","stream":false,"messages":[{"role":"user","content":"a"}],"options":{"num_predict":1}}`,
			`{"done":true,"done_reason":"length","eval_count":1,"eval_duration":0,"load_duration":0,` +
				`"message":{"content":" the","role":"assistant"},"model":"m","prompt_eval_count":1,` +
				`"prompt_eval_duration":50000000,"total_duration":50000000}`},
		{"/generate", `{"text":"a b c","stream":true,"sampling_params":{"max_new_tokens":2}}`,
			`{"meta_info":{"completion_tokens":2,"e2e_latency":0.06,"finish_reason":{"type":"length"},` +
				`"first_token_latency":0.05,"forward_entry_time":946684800,"prefill_finished_time":946684800.05,` +
				`"prompt_tokens":3,"queue_time":0},"text":" the time"}`},
		{"/generate", `{"input_ids":[5,6],"sampling_params":{"max_new_tokens":1}}`,
			`{"meta_info":{"completion_tokens":1,"e2e_latency":0.05,"finish_reason":{"type":"length"},` +
				`"first_token_latency":0.05,"forward_entry_time":946684800,"prefill_finished_time":946684800.05,` +
				`"prompt_tokens":2,"queue_time":0},"text":" the"}`},
	} {
		synctest.Test(t, func(t *testing.T) {
			cfg := Default()
			cfg.Jitter, cfg.PerPromptToken = 0, 0
			w := httptest.NewRecorder()
			New(cfg, nil).Handler().ServeHTTP(w, httptest.NewRequest("POST", c.path, strings.NewReader(c.body)))
			last := ""
			for line := range strings.Lines(w.Body.String()) {
				if line = strings.TrimPrefix(strings.TrimSpace(line), "data: "); line != "" && line != "[DONE]" {
					last = line
				}
			}
			if last != c.last {
				t.Errorf("%s %s:\n%s; want\n%s", c.path, c.body, last, c.last)
			}
		})
	}
	for _, bad := range []struct{ path, body string }{
		{"/api/chat", `[`}, {"/api/chat", `{}`}, {"/generate", `[`}, {"/generate", `{}`},
		{"/api/chat", `{"messages":[{"content":"a"}],"options":{"num_predict":0}}`},
		{"/generate", `{"text":"a","sampling_params":{"max_new_tokens":-1}}`},
	} {
		w := httptest.NewRecorder()
		New(Default(), nil).Handler().ServeHTTP(w, httptest.NewRequest("POST", bad.path, strings.NewReader(bad.body)))
		if w.Code != 400 {
			t.Errorf("%s %s: %d", bad.path, bad.body, w.Code)
		}
	}
}
