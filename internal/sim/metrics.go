package sim

import (
	"fmt"
	"net/http"
)

// metrics serves the Prometheus metrics of vLLM that an engine without a cache has.
func (s *Server) metrics(w http.ResponseWriter, _ *http.Request) {
	s.line.mu.Lock()
	running, waiting := s.cfg.Slots-s.line.free, len(s.line.waiting)
	s.line.mu.Unlock()
	s.mu.Lock()
	prompt, completion := s.prompt, s.completion
	s.mu.Unlock()
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	fmt.Fprintf(w, `# TYPE vllm:num_requests_running gauge
vllm:num_requests_running %d
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting %d
# TYPE vllm:prompt_tokens_total counter
vllm:prompt_tokens_total %d
# TYPE vllm:generation_tokens_total counter
vllm:generation_tokens_total %d
`, running, waiting, prompt, completion)
}
