package record

import "testing"

func TestDoubt(t *testing.T) {
	for _, c := range []struct{ members, want string }{
		{`"ttft_ms":10,"latency_ms":20`, ""},
		{`"ttft_ms":10,"latency_ms":20,"server_queue_ms":2,"server_prefill_ms":8.9,"server_decode_ms":9.9`, ""},
		{`"ttft_ms":10,"latency_ms":20,"server_queue_ms":2,"server_prefill_ms":9.1`, DoubtTTFT},
		{`"ttft_ms":10,"latency_ms":20,"server_queue_ms":2,"server_ttft_ms":9.5,"server_origin":"scheduling"`, DoubtTTFT},
		{`"ttft_ms":10,"latency_ms":20,"server_queue_ms":2,"server_ttft_ms":9.5,"server_origin":"receipt"`, ""},
		{`"ttft_ms":10,"latency_ms":20,"server_headers_ms":12`, DoubtTTFT},
		{`"ttft_ms":10,"latency_ms":20,"server_prefill_ms":9,"server_decode_ms":13`, DoubtLatency},
		{`"latency_ms":20,"server_total_ms":19,"server_queue_ms":3,"server_origin":"scheduling"`, DoubtLatency},
		{`"latency_ms":20,"server_total_ms":19,"server_queue_ms":3,"server_origin":"receipt"`, ""},
		{`"latency_ms":20,"server_queue_ms":-0.1`, DoubtNegative},
		{`"latency_ms":20,"server_total_ms":30,"server_origin":"receipt","server_from":"tabbyapi"`, ""},
		{`"latency_ms":20,"server_total_ms":1,"server_doubt":"tokens"`, DoubtTokens},
	} {
		r, err := new(Decoder).Decode([]byte(`{"id":"a","status":200,"ok":true,` + c.members + `}`))
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Doubt(); got != c.want {
			t.Errorf("%s: %q; want %q", c.members, got, c.want)
		}
	}
}
