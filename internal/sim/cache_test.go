package sim

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidwall/gjson"
)

// The tokens of a conversation so far are cached, with those of the answers, in whole blocks; only the rest is
// computed.
func TestPrefixCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got Truth
		c := steady() // 100 ms and 1 ms for each token to compute
		c.Cache = 100 * cacheBlock
		s := New(c, func(t Truth) { got = t })
		words := func(name string, n int) string { return strings.TrimSpace(strings.Repeat(name+" ", n)) }
		first := fmt.Sprintf(`{"role":"user","content":%q}`, words("a", 40))
		for _, step := range []struct {
			messages, stream string
			prompt, cached   int
		}{
			{first, "true", 40, 0},
			{first, "true", 40, 32},
			{first + `,{"role":"assistant","content":` + answer(1, 8) + `},{"role":"user","content":"b"}`, "false", 49, 48},
			{first + `,{"role":"assistant","content":"other"}`, "true", 41, 32},
			{fmt.Sprintf(`{"role":"user","content":%q}`, words("a", 32)), "true", 32, 16}, // one token is computed
			{fmt.Sprintf(`{"role":"user","content":%q}`, "x "+words("a", 40)), "true", 41, 0},
		} {
			w := post(s, "/v1/chat/completions", `{"max_tokens":8,"stream":`+step.stream+
				`,"stream_options":{"include_usage":true},"messages":[`+step.messages+`]}`)
			body := w.Body.String()
			if at := strings.Index(body, `"usage"`); at >= 0 {
				body = "{" + body[at:]
			}
			usage := gjson.Get(body, "usage")
			cached, prompt := usage.Get("prompt_tokens_details.cached_tokens").Int(), usage.Get("prompt_tokens").Int()
			if int(prompt) != step.prompt || int(cached) != step.cached || got.CachedTokens != step.cached {
				t.Errorf("%.90s: %d of %d cached (%+v), want %d of %d", step.messages, cached, prompt, got, step.cached, step.prompt)
			}
			took := time.Duration(got.EndUs-got.ReadUs) * time.Microsecond
			if want := time.Duration(100+step.prompt-step.cached+7*10) * time.Millisecond; took != want {
				t.Errorf("%.90s: took %v, want %v", step.messages, took, want)
			}
		}
	})
}

// answer returns the content of the answer with that number as a JSON string.
func answer(seq, tokens int) string {
	g := generation{truth: &Truth{Seq: int64(seq)}}
	var b strings.Builder
	for k := range tokens {
		b.WriteString(g.word(k))
	}
	return fmt.Sprintf("%q", b.String())
}

func TestCacheIsBounded(t *testing.T) {
	c := newCache(2 * cacheBlock)
	sequence := func(n uint64) []uint64 {
		list := make([]uint64, cacheBlock+1)
		for i := range list {
			list[i] = n
		}
		return list
	}
	for _, step := range []struct {
		add  uint64
		hits string
	}{{1, "1"}, {2, "1 2"}, {1, "1 2"}, {3, "1 3"}} {
		c.add(sequence(step.add))
		var hits []string
		for _, n := range []uint64{3, 2, 1} { // the last one is the latest used
			if c.hit(sequence(n)) == cacheBlock {
				hits = append([]string{fmt.Sprint(n)}, hits...)
			}
		}
		if got := strings.Join(hits, " "); got != step.hits {
			t.Errorf("after %d: %s, want %s", step.add, got, step.hits)
		}
	}
	if newCache(0).hit(sequence(1)) != 0 {
		t.Error("no cache has a hit")
	}
}
