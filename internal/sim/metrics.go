package sim

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
)

// bounds are the upper bounds of the buckets of all histograms, in seconds.
var bounds = [...]float64{
	0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 30, 60, 120,
}

// histogram counts times.
type histogram struct {
	counts [len(bounds) + 1]int64
	sum    float64 // s
}

func (h *histogram) add(us int64) {
	s := float64(us) / 1e6
	i, _ := slices.BinarySearch(bounds[:], s)
	h.counts[i]++
	h.sum += s
}

func (h *histogram) write(b *bytes.Buffer, name string) {
	fmt.Fprintf(b, "# TYPE %s histogram\n", name)
	var n int64
	for i, le := range bounds {
		n += h.counts[i]
		fmt.Fprintf(b, "%s_bucket{le=\"%v\"} %d\n", name, le, n)
	}
	n += h.counts[len(bounds)]
	fmt.Fprintf(b, "%s_bucket{le=\"+Inf\"} %d\n%s_sum %v\n%s_count %d\n", name, n, name, h.sum, name, n)
}

// observed sums up the requests that have ended well, for the metrics.
type observed struct {
	prompt, completion      int64 // tokens
	cached                  int64 // tokens of the prompts
	ttft, itl, queue, whole histogram
}

func (o *observed) add(t *Truth) {
	o.prompt += int64(t.PromptTokens)
	o.completion += int64(t.CompletionTokens)
	o.cached += int64(t.CachedTokens)
	o.whole.add(t.EndUs - t.ReadUs)
	o.queue.add(int64(t.QueueMs * 1000))
	if t.FirstUs > 0 {
		o.ttft.add(t.FirstUs - t.ReadUs)
	}
	for i := 1; i < len(t.ChunkUs); i++ {
		o.itl.add(t.ChunkUs[i] - t.ChunkUs[i-1])
	}
}

// metrics serves the Prometheus metrics of vLLM that the engine has; those of the prefix cache if there is one.
func (s *Server) metrics(w http.ResponseWriter, _ *http.Request) {
	s.line.mu.Lock()
	running, waiting := s.cfg.Slots-s.line.free, len(s.line.waiting)
	s.line.mu.Unlock()
	s.mu.Lock()
	o := s.observed
	s.mu.Unlock()
	var b bytes.Buffer
	fmt.Fprintf(&b, `# TYPE vllm:num_requests_running gauge
vllm:num_requests_running %d
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting %d
# TYPE vllm:prompt_tokens_total counter
vllm:prompt_tokens_total %d
# TYPE vllm:generation_tokens_total counter
vllm:generation_tokens_total %d
`, running, waiting, o.prompt, o.completion)
	if s.cache != nil {
		fmt.Fprintf(&b, `# TYPE vllm:prefix_cache_queries_total counter
vllm:prefix_cache_queries_total %d
# TYPE vllm:prefix_cache_hits_total counter
vllm:prefix_cache_hits_total %d
`, o.prompt, o.cached)
	}
	o.ttft.write(&b, "vllm:time_to_first_token_seconds")
	o.itl.write(&b, "vllm:inter_token_latency_seconds")
	o.whole.write(&b, "vllm:e2e_request_latency_seconds")
	o.queue.write(&b, "vllm:request_queue_time_seconds")
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	w.Write(b.Bytes())
}
