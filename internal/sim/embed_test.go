package sim

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestBatches(t *testing.T) {
	cfg := Default()
	cfg.TTFT, cfg.PerPromptToken, cfg.Jitter = 0, 0, 0
	told := make(chan Truth, 1)
	s := New(cfg, func(t Truth) { told <- t })
	srv := httptest.NewServer(s.Handler())
	defer srv.Close()
	for _, c := range []struct {
		path, body    string
		status        int
		items, tokens int
		err           string
	}{
		{"/v1/embeddings", `{"input":"one two"}`, 200, 1, 2, ""},
		{"/v1/embeddings", `{"input":["one two","three"],"model":"e"}`, 200, 2, 3, ""},
		{"/v1/embeddings", `{"input":[5,6,7]}`, 200, 1, 3, ""},
		{"/v1/embeddings", `{"input":[[5,6],[7]],"encoding_format":"base64"}`, 200, 2, 3, ""},
		{"/v1/embeddings", `{"input":{}}`, 400, 0, 0, "input must be a text, a list of texts, or token ids"},
		{"/v1/rerank", `{"query":"a","documents":["b c","d"]}`, 200, 2, 5, ""},
		{"/rerank", `{"query":"a","documents":["b c","d"],"top_n":1}`, 200, 1, 5, ""},
		{"/v2/rerank", `{"query":"a"}`, 400, 0, 0, "query and documents are both needed"},
		{"/score", `{"text_1":"a","text_2":["b","c"]}`, 200, 2, 4, ""},
		{"/score", `{"text_1":"a"}`, 400, 0, 0, "text_1 and text_2 are both needed"},
	} {
		resp, err := http.Post(srv.URL+c.path, "application/json", strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Data, Results []json.RawMessage
			Usage         struct {
				Prompt int `json:"prompt_tokens"`
			}
			Error struct{ Message string }
		}
		err = json.NewDecoder(resp.Body).Decode(&got)
		resp.Body.Close()
		items := len(got.Data) + len(got.Results)
		if err != nil || resp.StatusCode != c.status || items != c.items || got.Usage.Prompt != c.tokens ||
			got.Error.Message != c.err {
			t.Errorf("%s %s: %s, %+v, %v", c.path, c.body, resp.Status, got, err)
		}
		if truth := <-told; truth.PromptTokens != c.tokens || truth.Status != c.status || truth.Path != c.path {
			t.Errorf("%s %s: the truth is %+v", c.path, c.body, truth)
		}
	}
	resp, err := http.Get(srv.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if want := "vllm:prompt_tokens_total 25\n"; err != nil || !strings.Contains(string(page), want) || !strings.Contains(string(page), "vllm:num_requests_running 0\n") {
		t.Errorf("%s, %v", page, err)
	}
}
