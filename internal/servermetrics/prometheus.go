package servermetrics

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// fold combines the values of a metric's label sets, which are those of one engine each.
type fold int

const (
	sum fold = iota
	mean
)

// known is one metric of one server; key is its name here, which is the same for all servers.
type known struct {
	server, name, key string
	fold              fold
}

// table is in order of preference: if a server reports a key under two names, the first one counts.
var table = []known{
	{"vllm", "vllm:num_requests_running", "running", sum},
	{"vllm", "vllm:num_requests_waiting", "waiting", sum},
	{"vllm", "vllm:kv_cache_usage_perc", "kv_cache", mean},
	{"vllm", "vllm:gpu_cache_usage_perc", "kv_cache", mean}, // before 0.10
	{"vllm", "vllm:prompt_tokens_total", "prompt_tokens", sum},
	{"vllm", "vllm:generation_tokens_total", "completion_tokens", sum},
	{"vllm", "vllm:prefix_cache_queries_total", "prefix_queries", sum},
	{"vllm", "vllm:prefix_cache_hits_total", "prefix_hits", sum},
	{"vllm", "vllm:num_preemptions_total", "preemptions", sum},
	{"vllm", "vllm:spec_decode_num_drafts_total", "drafts", sum},
	{"vllm", "vllm:spec_decode_num_draft_tokens_total", "draft_tokens", sum},
	{"vllm", "vllm:spec_decode_num_accepted_tokens_total", "accepted_tokens", sum},

	{"sglang", "sglang:num_running_reqs", "running", sum},
	{"sglang", "sglang:num_queue_reqs", "waiting", sum},
	{"sglang", "sglang:token_usage", "kv_cache", mean},
	{"sglang", "sglang:prompt_tokens_total", "prompt_tokens", sum},
	{"sglang", "sglang:generation_tokens_total", "completion_tokens", sum},
	{"sglang", "sglang:cached_tokens_total", "prefix_hits", sum},
	{"sglang", "sglang:cache_hit_rate", "prefix_hit_rate", mean},
	{"sglang", "sglang:num_retracted_reqs", "preempted", sum},
	{"sglang", "sglang:num_retracted_requests_total", "preemptions", sum},
	{"sglang", "sglang:spec_accept_length", "accept_length", mean},
	{"sglang", "sglang:spec_accept_rate", "accept_rate", mean},

	{"tgi", "tgi_batch_current_size", "running", sum},
	{"tgi", "tgi_queue_size", "waiting", sum},
	{"tgi", "tgi_request_input_length", "prompt_tokens", sum}, // the sums of histograms
	{"tgi", "tgi_request_generated_tokens", "completion_tokens", sum},

	{"llamacpp", "llamacpp:requests_processing", "running", sum},
	{"llamacpp", "llamacpp:requests_deferred", "waiting", sum},
	{"llamacpp", "llamacpp:kv_cache_usage_ratio", "kv_cache", mean},
	{"llamacpp", "llamacpp:prompt_tokens_total", "prompt_tokens", sum},
	{"llamacpp", "llamacpp:tokens_predicted_total", "completion_tokens", sum},
}

// parse reads a page in the text format of Prometheus. Its results are empty if the page has no known metric.
func parse(r io.Reader) (server string, metrics map[string]float64, gpus []GPU, err error) {
	p := expfmt.NewTextParser(model.UTF8Validation)
	page, err := p.TextToMetricFamilies(r)
	if err != nil {
		return "", nil, nil, fmt.Errorf("not a page of Prometheus metrics: %w", err)
	}
	for _, k := range table {
		family := page[k.name]
		if family == nil || len(family.Metric) == 0 || server != "" && server != k.server {
			continue
		}
		if metrics == nil {
			server, metrics = k.server, map[string]float64{}
		}
		v := k.fold.of(family)
		if _, found := metrics[k.key]; !found && !math.IsNaN(v) && !math.IsInf(v, 0) { // JSON has neither
			metrics[k.key] = v
		}
	}
	return server, metrics, dcgm(page), nil
}

func (f fold) of(family *dto.MetricFamily) float64 {
	var total float64
	for _, m := range family.Metric {
		total += value(m)
	}
	if f == mean {
		total /= float64(len(family.Metric))
	}
	return total
}

func value(m *dto.Metric) float64 {
	switch {
	case m.Gauge != nil:
		return m.Gauge.GetValue()
	case m.Counter != nil:
		return m.Counter.GetValue()
	case m.Histogram != nil:
		return m.Histogram.GetSampleSum()
	case m.Summary != nil:
		return m.Summary.GetSampleSum()
	}
	return m.Untyped.GetValue()
}

// dcgm reads the devices of NVIDIA's DCGM exporter.
func dcgm(page map[string]*dto.MetricFamily) []GPU {
	byIndex := map[int]*GPU{}
	each := func(name string, set func(*GPU, float64)) {
		for _, m := range page[name].GetMetric() {
			labels := map[string]string{}
			for _, l := range m.Label {
				labels[l.GetName()] = l.GetValue()
			}
			i, err := strconv.Atoi(labels["gpu"])
			if err != nil {
				continue
			}
			if byIndex[i] == nil {
				byIndex[i] = &GPU{Index: i, Name: labels["modelName"]}
			}
			set(byIndex[i], value(m))
		}
	}
	each("DCGM_FI_DEV_GPU_UTIL", func(g *GPU, v float64) { g.Utilization = new(v / 100) })
	each("DCGM_FI_DEV_POWER_USAGE", func(g *GPU, v float64) { g.PowerW = &v })
	each("DCGM_FI_DEV_FB_USED", func(g *GPU, v float64) { g.MemoryUsedMiB = &v })
	each("DCGM_FI_DEV_FB_FREE", func(g *GPU, v float64) {
		if g.MemoryUsedMiB != nil {
			g.MemoryTotalMiB = new(v + *g.MemoryUsedMiB)
		}
	})
	var gpus []GPU
	for _, g := range byIndex {
		gpus = append(gpus, *g)
	}
	slices.SortFunc(gpus, func(a, b GPU) int { return cmp.Compare(a.Index, b.Index) })
	return gpus
}
