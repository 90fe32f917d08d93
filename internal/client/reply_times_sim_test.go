package client

import (
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"perfpipe/internal/load"
	"perfpipe/internal/record"
	"perfpipe/internal/request"
	"perfpipe/internal/sim"
)

// What the simulator reports in the words of each server is in the record, and does not contradict the client.
func TestSimulatedTimes(t *testing.T) {
	const stream, whole = `{"model":"m","messages":[{"role":"user","content":"a"}],"max_tokens":3,"stream":true}`,
		`{"model":"m","messages":[{"role":"user","content":"a"}],"max_tokens":3}`
	const parts = "queue prefill decode"
	for _, c := range []struct{ times, path, body, want string }{
		{"vllm", "", stream, "vllm scheduling queue prefill ttft decode"},
		{"vllm", "", whole, "vllm scheduling queue prefill ttft decode"},
		{"llamacpp", "", stream, "llamacpp prefill decode"},
		{"groq", "", stream, "groq scheduling " + parts + " total"},
		{"cerebras", "", whole, "cerebras receipt " + parts + " total"},
		{"nim", "", stream, "nim scheduling queue prefill ttft decode total"},
		{"dynamo", "", stream, "dynamo receipt queue prefill ttft decode total"},
		{"fireworks", "", stream, "fireworks receipt queue prefill ttft decode total"},
		{"tgi", "", whole, "tgi receipt queue total"},
		{"openai", "", whole, "openai receipt total"},
		{"openai", "", stream, ""},
		{"server-timing", "", whole, "server-timing " + parts},
		{"", "/api/chat", `{"model":"m","messages":[{"role":"user","content":"a"}],"options":{"num_predict":3}}`,
			"ollama receipt load prefill decode total"},
		{"", "/generate", `{"text":"a","stream":true,"sampling_params":{"max_new_tokens":3}}`,
			"sglang receipt queue prefill ttft decode total"},
	} {
		cfg := sim.Default()
		cfg.Times, cfg.TTFT, cfg.ITL = c.times, 3e6, 1e6
		server := httptest.NewServer(sim.New(cfg, nil).Handler())
		u, err := url.Parse(server.URL + c.path)
		if err != nil {
			t.Fatal(err)
		}
		var rec *record.Record
		for range 10 { // on a busy machine the simulator may take its time late, after the client has read the token
			req := load.NewRequest(request.Request{ID: "id", Body: []byte(c.body)})
			if rec = &newTest(t, u, false, nil).Do(t.Context(), req).Record; rec.ServerDoubt == "" {
				break
			}
		}
		server.Close()
		if got := whatServerSaid(rec); got != c.want || !rec.OK {
			t.Errorf("%s%s: %q %v; want %q", c.times, c.path, got, rec.Error, c.want)
		}
	}
}

// whatServerSaid names the times of the server in a record.
func whatServerSaid(r *record.Record) string {
	words := []string{r.ServerFrom, r.ServerOrigin}
	for _, k := range []struct {
		name string
		key  record.Keys
	}{
		{"queue", record.KeyServerQueueMs}, {"load", record.KeyServerLoadMs}, {"prefill", record.KeyServerPrefillMs},
		{"ttft", record.KeyServerTTFTMs}, {"decode", record.KeyServerDecodeMs}, {"total", record.KeyServerTotalMs},
	} {
		if r.Says(k.key) {
			words = append(words, k.name)
		}
	}
	if r.ServerDoubt != "" {
		words = append(words, fmt.Sprintf("doubt %s", r.ServerDoubt))
	}
	return strings.Join(strings.Fields(strings.Join(words, " ")), " ")
}
