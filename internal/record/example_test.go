package record_test

import (
	"fmt"
	"strings"

	"perfpipe/internal/record"
)

// A line is read, and what it does not have is derived.
func ExampleDecoder() {
	var d record.Decoder
	line := `{"status":200,"ttft_ms":200,"gap_us":[20000,20500],"completion_tokens":3,"latency_ms":241}`
	r, err := d.Decode([]byte(line))
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
		ScheduledUs: 1700000000000000, SentUs: 1700000000000031, LagMs: 0.031, LatencyMs: 99.5, OK: true,
	})
	for member := range strings.SplitSeq(string(line), ",") {
		fmt.Println(member)
	}
	fmt.Println(err)
	// Output:
	// {"seq":0
	// "scheduled_us":1700000000000000
	// "queue_ms":0
	// "sent_us":1700000000000031
	// "lag_ms":0.031
	// "reused":false
	// "latency_ms":99.5
	// "ok":true}
	// <nil>
}
