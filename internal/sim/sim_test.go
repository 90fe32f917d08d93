package sim

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// steady has no jitter, so that every instant is known beforehand.
func steady() Config {
	c := Default()
	c.Jitter, c.TTFT, c.PerPromptToken, c.ITL = 0, 100*time.Millisecond, time.Millisecond, 10*time.Millisecond
	return c
}

func post(s *Server, path, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest("POST", path, strings.NewReader(body))
	r.Header.Set("X-Request-Id", "r1")
	s.Handler().ServeHTTP(w, r)
	return w
}

func TestStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []Truth
		s := New(steady(), func(t Truth) { got = append(got, t) })
		t0 := time.Now().UnixMicro()
		w := post(s, "/v1/chat/completions", `{"model":"m\"x","stream":true,"max_tokens":3,"stream_options":{"include_usage":true},
			"messages":[{"role":"system","content":"one two"},{"role":"user","content":[{"type":"text","text":"three four five"}]}]}`)
		want := Truth{
			ID: "r1", Path: "/v1/chat/completions", Stream: true, PromptTokens: 5, CompletionTokens: 3, Status: 200,
			ReadUs: t0, FirstUs: t0 + 105_000, ChunkUs: []int64{t0 + 105_000, t0 + 115_000, t0 + 125_000}, EndUs: t0 + 125_000,
		}
		if len(got) != 1 || !reflect.DeepEqual(got[0], want) {
			t.Errorf("truth %+v, want %+v", got, want)
		}
		const pre = `data: {"id":"chatcmpl-0","object":"chat.completion.chunk","created":946684800,"model":"m\"x","choices":`
		wantBody := pre + `[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]}` + "\n\n" +
			pre + `[{"index":0,"delta":{"content":" the"},"logprobs":null,"finish_reason":null}]}` + "\n\n" +
			pre + `[{"index":0,"delta":{"content":" time"},"logprobs":null,"finish_reason":null}]}` + "\n\n" +
			pre + `[{"index":0,"delta":{"content":" people"},"logprobs":null,"finish_reason":null}]}` + "\n\n" +
			pre + `[{"index":0,"delta":{},"logprobs":null,"finish_reason":"length"}]}` + "\n\n" +
			pre + `[],"usage":{"prompt_tokens":5,"completion_tokens":3,"total_tokens":8}}` + "\n\ndata: [DONE]\n\n"
		if w.Body.String() != wantBody {
			t.Errorf("got\n%s\nwant\n%s", w.Body, wantBody)
		}
		for line := range strings.Lines(w.Body.String()) {
			if b, ok := strings.CutPrefix(line, "data: {"); ok && !json.Valid([]byte("{"+b)) {
				t.Errorf("not JSON: %s", line)
			}
		}
	})
}

func TestWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got Truth
		s := New(steady(), func(t Truth) { got = t })
		t0 := time.Now().UnixMicro()
		w := post(s, "/v1/completions", `{"prompt":[11,12,13,14],"max_completion_tokens":2}`)
		want := `{"id":"cmpl-0","object":"text_completion","created":946684800,"model":"sim","choices":[{"index":0,"text":" the time","logprobs":null,` +
			`"finish_reason":"length"}],"usage":{"prompt_tokens":4,"completion_tokens":2,"total_tokens":6}}`
		if w.Body.String() != want {
			t.Errorf("got %s\nwant %s", w.Body, want)
		}
		if got.EndUs-t0 != 114_000 || got.CompletionTokens != 2 || got.FirstUs != 0 {
			t.Errorf("truth %+v", got)
		}
		w = post(s, "/v1/chat/completions", `{"messages":[{"role":"user","content":"hi"}]}`)
		if !json.Valid(w.Body.Bytes()) || got.CompletionTokens != 16 || !strings.Contains(w.Body.String(), `"stop"`) {
			t.Errorf("default tokens: %+v %s", got, w.Body)
		}
	})
}

// Four requests on two slots: the second pair waits for the first, in the order of arrival.
func TestSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := steady()
		c.Slots, c.PerPromptToken = 2, 0
		var got []Truth
		s := New(c, func(t Truth) { got = append(got, t) })
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() { post(s, "/v1/completions", `{"prompt":"a","stream":true,"max_tokens":1}`) })
			synctest.Wait()
		}
		wg.Wait()
		slices.SortFunc(got, func(a, b Truth) int { return int(a.Seq - b.Seq) })
		for i, want := range []float64{0, 0, 100, 100} {
			if got[i].QueueMs != want || got[i].FirstUs-got[i].ReadUs != int64(want*1000)+100_000 {
				t.Errorf("request %d: %+v, want %g ms in line", i, got[i], want)
			}
		}
	})
}

func TestGoneWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := steady()
		c.Slots = 1
		got := map[string]Truth{}
		s := New(c, func(t Truth) { got[t.ID] = t })
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		start := func(id string, ctx context.Context) {
			wg.Go(func() {
				r := httptest.NewRequestWithContext(ctx, "POST", "/v1/completions", strings.NewReader(`{"prompt":[1],"stream":true}`))
				r.Header.Set("X-Request-Id", id)
				s.Handler().ServeHTTP(httptest.NewRecorder(), r)
			})
			synctest.Wait()
		}
		start("decoding", ctx)
		start("in line", ctx)
		start("stays", t.Context())
		time.Sleep(115 * time.Millisecond) // tokens at 101 and 111 ms
		cancel()
		wg.Wait()
		if d := got["decoding"]; !d.Aborted || d.CompletionTokens != 2 {
			t.Errorf("decoding: %+v", d)
		}
		if l := got["in line"]; !l.Aborted || l.QueueMs != 115 {
			t.Errorf("in line: %+v", l)
		}
		if l := got["stays"]; l.Aborted || l.QueueMs != 115 || l.CompletionTokens != 16 {
			t.Errorf("stays: %+v", l)
		}
		if s.line.free != 1 {
			t.Errorf("%d slots free", s.line.free)
		}
	})
}

func TestJitterAndErrorsAreSeeded(t *testing.T) {
	run := func(seed uint64) (offsets []int64) {
		synctest.Test(t, func(t *testing.T) {
			c := steady()
			c.Jitter, c.ErrorRate, c.Seed = 0.5, 0.3, seed
			s := New(c, func(t Truth) {
				offsets = append(offsets, int64(t.Status))
				for _, u := range t.ChunkUs {
					offsets = append(offsets, u-t.ReadUs)
				}
			})
			for range 100 {
				w := post(s, "/v1/completions", `{"prompt":"a","stream":true,"max_tokens":2}`)
				const want = `{"error":{"code":500,"message":"injected by the simulator's error-rate","type":"internal_server_error"}}`
				if w.Code == 500 && w.Body.String() != want {
					t.Errorf("got %s", w.Body)
				}
			}
		})
		return offsets
	}
	a, b, other := run(1), run(1), run(2)
	if !slices.Equal(a, b) || slices.Equal(a, other) {
		t.Error("the same seed must give the same run, another seed another")
	}
	if !slices.Contains(a, 500) || !slices.Contains(a, 200) {
		t.Errorf("want failures and successes, got %v", a)
	}
}

func TestBadRequests(t *testing.T) {
	var got Truth
	s := New(Default(), func(t Truth) { got = t })
	for body, want := range map[string]string{
		`{`:                            "body is not valid JSON for this endpoint: unexpected end of JSON input",
		`{"prompt":5}`:                 "prompt must be a text or a list of token ids",
		`{"prompt":[]}`:                "prompt must be a text or a list of token ids",
		`{}`:                           "prompt is missing",
		`{"prompt":["a","b"]}`:         "prompt: the simulator takes one prompt a request",
		`{"prompt":"a","n":2}`:         "n: the simulator gives one choice",
		`{"prompt":"","max_tokens":0}`: "max_tokens must be 1 to 1048576, got 0",
	} {
		w := post(s, "/v1/completions", body)
		var e struct {
			Error struct{ Message, Type string }
		}
		if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || w.Code != 400 || got.Status != 400 ||
			e.Error.Message != want || e.Error.Type != "invalid_request_error" {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
	for body, want := range map[string]string{
		`{"messages":[]}`:              "messages must be a list of at least one message",
		`{"messages":[{"content":3}]}`: "messages[0].content must be a string or a list of parts",
	} {
		if w := post(s, "/v1/chat/completions", body); w.Code != 400 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
}

// A real listener: the models, a counter of its own, and Close, which waits for the truth.
func TestStart(t *testing.T) {
	c := steady()
	c.Model, c.Count = "tiny", func(s string) int { return len(s) }
	var got []Truth
	s := New(c, func(t Truth) { got = append(got, t) })
	url, err := s.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if b := get(t, url+"/v1/models"); !strings.Contains(b, `"id":"tiny"`) {
		t.Errorf("models: %s", b)
	}
	if b := get(t, url+"/health"); b != `{"status":"ok"}` {
		t.Errorf("health: %s", b)
	}
	r, err := http.Post(url+"/v1/completions", "application/json", strings.NewReader(`{"prompt":["abc"],"max_tokens":1}`))
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, r.Body)
	r.Body.Close()
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].PromptTokens != 3 {
		t.Errorf("truth %+v", got)
	}
}

// Close with a context that has ended cuts the requests off, and their truth says so.
func TestCloseCutsOff(t *testing.T) {
	c := steady()
	c.TTFT = time.Hour
	var got []Truth
	s := New(c, func(t Truth) { got = append(got, t) })
	url, err := s.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	// The role chunk comes at once, so that the headers are here when Post returns.
	r, err := http.Post(url+"/v1/chat/completions", "", strings.NewReader(`{"messages":[{"content":"a"}],"stream":true}`))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Close(ctx); err == nil {
		t.Error("Close said that all went well")
	}
	if len(got) != 1 || !got[0].Aborted {
		t.Errorf("truth %+v", got)
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, _ := io.ReadAll(r.Body)
	return string(b)
}

func TestParseConfig(t *testing.T) {
	got, err := ParseConfig("ttft=1s, itl=2ms,jitter=0.5,slots=3,error-rate=0.25,seed=7,per-token=5us,tokens=9,model=x")
	want := Config{
		TTFT: time.Second, ITL: 2 * time.Millisecond, Jitter: 0.5, Slots: 3, ErrorRate: 0.25, Seed: 7,
		PerPromptToken: 5 * time.Microsecond, Tokens: 9, Model: "x",
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v %v", got, err)
	}
	if got, err := ParseConfig(""); err != nil || !reflect.DeepEqual(got, Default()) {
		t.Errorf("empty: %+v %v", got, err)
	}
	const list = " (keys: ttft, per-token, itl, jitter, slots, error-rate, seed, tokens, model, times, cache)"
	for spec, want := range map[string]string{
		"tfft=1s":        `unknown key "tfft"`,
		"ttft":           `"ttft" is not key=value`,
		"ttft=-1s":       "ttft=-1s: want a duration such as 50ms",
		"jitter=2":       "jitter=2: want a share between 0 and 1",
		"error-rate=NaN": "error-rate=NaN: want a share between 0 and 1",
		"slots=0":        "slots=0: want a whole number from 1 up",
		"seed=-1":        "seed=-1: want a whole number from 0 up",
		"model=":         "model=: want a name",
	} {
		if _, err := ParseConfig(spec); err == nil || err.Error() != want+list {
			t.Errorf("%s: %v", spec, err)
		}
	}
}
