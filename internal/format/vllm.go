package format

import (
	"io"
	"time"

	"github.com/goccy/go-json"

	"perfpipe/internal/define"
	"perfpipe/internal/dist"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/stats"
	"perfpipe/internal/visible"
)

// VLLM is the name of the format of vLLM's result files. Its figures are those of the definitions of the same name.
const VLLM = "vllm"

// vllmResult writes what "vllm bench serve --save-result" writes, one object for each load point on a line of its own,
// as --append-result does. The keys, their order and the zeros in place of absent values are vLLM's.
func vllmResult(w io.Writer, _ []define.Definition, blocks []define.Block, _ Options) error {
	for i := range blocks {
		b := &blocks[i]
		o := vllmHead(b)
		if vllmBackends()[b.Load.Op].pooled {
			o.pooled(b)
			o.latencies(b)
		} else {
			o.generated(b)
			o.latencies(b)
			o.peaks(b)
			o.figures(b, "ttft_ms", "ttft")
			o.figures(b, "tpot_ms", "tpot")
			o.figures(b, "itl_ms", "itl")
		}
		o.figures(b, "e2e_ms", "e2el")
		if err := o.write(w); err != nil {
			return err
		}
	}
	return nil
}

// ordered is a JSON object whose members are in the order in which they were added.
type ordered struct {
	keys   []string
	values []any
}

func (o *ordered) add(key string, value any) {
	o.keys, o.values = append(o.keys, key), append(o.values, value)
}

func (o *ordered) write(w io.Writer) error {
	text, err := jsonl.Object(len(o.keys), func(i int) (string, any) { return o.keys[i], o.values[i] })
	if err != nil {
		return err
	}
	_, err = w.Write(append(visible.JSON(text), '\n'))
	return err
}

// vllmHead returns the members that describe the run. A value that the records do not have is vLLM's default.
func vllmHead(b *define.Block) *ordered {
	backend := vllmBackends()[b.Load.Op].name
	o := &ordered{}
	o.add("date", time.UnixMicro(b.Counts.EndUs).UTC().Format("20060102-150405"))
	o.add("endpoint_type", backend)
	o.add("backend", backend)
	o.add("label", b.Group)
	o.add("model_id", b.Load.Model)
	o.add("tokenizer_id", b.Load.Model)
	o.add("num_prompts", b.Counts.OK+b.Counts.Failed)
	if b.Simulated {
		o.add("simulated", true)
	}
	if b.Load.Rate > 0 {
		o.add("request_rate", b.Load.Rate)
	} else {
		o.add("request_rate", "inf")
	}
	o.add("burstiness", json.Number("1.0"))
	if b.Load.Parallel > 0 {
		o.add("max_concurrency", b.Load.Parallel)
	} else {
		o.add("max_concurrency", nil)
	}
	return o
}

// vllmBackend is a backend of vLLM. Those that are pooled have results with other keys.
type vllmBackend struct {
	name   string
	pooled bool
}

// vllmBackends returns the backend of each operation.
func vllmBackends() map[string]vllmBackend {
	return map[string]vllmBackend{
		"chat": {"openai-chat", false}, "completion": {"openai", false}, "responses": {"openai-responses", false},
		"embedding": {"openai-embeddings", true}, "rerank": {"vllm-rerank", true},
	}
}

func (o *ordered) generated(b *define.Block) {
	o.add("duration", b.Duration)
	o.add("completed", b.Counts.OK)
	o.add("failed", b.Counts.Failed)
	o.add("total_input_tokens", b.Counts.Input)
	o.add("total_output_tokens", b.Counts.Output)
	o.add("request_throughput", b.Requests)
	o.add("request_goodput", b.Goodput)
	o.add("output_throughput", b.Output)
	o.add("total_token_throughput", b.Total)
}

func (o *ordered) pooled(b *define.Block) {
	o.add("duration", b.Duration)
	o.add("completed", b.Counts.OK)
	o.add("total_input_tokens", b.Counts.Input)
	o.add("total_input_sequences", b.Counts.Items)
	o.add("request_throughput", b.Requests)
	o.add("input_sequence_throughput", b.Items)
	o.add("total_token_throughput", b.Input)
}

// latencies adds the two lists that vLLM keeps without --save-detailed.
func (o *ordered) latencies(b *define.Block) {
	latencies, queued := make([]float64, len(b.Each)), make([]float64, len(b.Each))
	for i, r := range b.Each {
		latencies[i], queued[i] = r.LatencyS, r.QueueS
	}
	o.add("latencies", latencies)
	o.add("queue_times", queued)
}

func (o *ordered) peaks(b *define.Block) {
	var p define.Peaks
	if b.Peaks != nil {
		p = *b.Peaks
	}
	o.add("max_output_tokens_per_s", p.Chunks)
	o.add("max_concurrent_requests", p.Requests)
	o.add("rtfx", json.Number("0.0"))
}

// figures adds the statistics of a figure, under vLLM's name for it. Without values they are zero.
func (o *ordered) figures(b *define.Block, key, name string) {
	m := b.Figures.Get(key)
	at := func(p float64) dist.Num { return dist.Num(m.At(p)) }
	if m == nil {
		m, at = &stats.Metric{}, func(float64) dist.Num { return 0 }
	}
	o.add("mean_"+name+"_ms", m.Mean)
	o.add("median_"+name+"_ms", at(50)) // the command asks for it
	o.add("std_"+name+"_ms", m.SD)
	for _, p := range b.Percentiles {
		o.add(dist.PercentileName(p)+"_"+name+"_ms", at(p))
	}
}
