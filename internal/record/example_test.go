package record_test

import (
	"fmt"

	"perfpipe/internal/record"
)

// A line is read, and what it does not have is derived.
func ExampleDecoder() {
	var d record.Decoder
	r, err := d.Decode([]byte(`{"status":200,"ttft_ms":200,"gap_us":[20000,20500],"completion_tokens":3,"latency_ms":241}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	tpot, _ := r.TPOT()
	fmt.Println(r.OK, r.LastChunkMs(), tpot, r.Lacks(record.KeyPromptTokens))
	// Output: true 240.5 20.25 true
}

// Zeros that mean that nothing was measured are left out.
func ExampleEncoder() {
	var e record.Encoder
	line, err := e.Append(nil, &record.Record{
		ID: "a-0", Run: "rate=10", ScheduledUs: 1700000000000000, SentUs: 1700000000000031, LagMs: 0.031,
		LatencyMs: 99.5, Status: 503, Error: &record.Error{Kind: record.KindHTTP, Message: "HTTP 503: busy"},
	})
	fmt.Printf("%s %v\n", line, err)
	// Output:
	// {"id":"a-0","seq":0,"run":"rate=10","scheduled_us":1700000000000000,"queue_ms":0,"sent_us":1700000000000031,"lag_ms":0.031,"reused":false,"latency_ms":99.5,"status":503,"ok":false,"error":{"kind":"http","message":"HTTP 503: busy"}} <nil>
}
