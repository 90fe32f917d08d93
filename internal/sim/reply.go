package sim

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// words are the text of answers, each one token in the common tokenizers.
var words = [...]string{
	" the", " time", " people", " way", " day", " world", " life", " hand", " part", " place", " case", " week", " work",
	" point", " home", " water", " room", " money", " story", " fact", " month", " book", " eye", " word", " house",
}

// generation is an answer in progress.
type generation struct {
	s     *Server
	w     http.ResponseWriter
	ctx   context.Context
	ask   ask
	chat  bool
	truth *Truth
	start time.Time     // when the slot was taken
	due   time.Duration // of the next token, since start, so that a late wake-up does not shift the next
	rng   *rand.Rand
	timer *time.Timer
	spent spent
}

func (g *generation) jitter(d time.Duration) time.Duration {
	return d + time.Duration(float64(d)*g.s.cfg.Jitter*(2*g.rng.Float64()-1))
}

// advance moves due to token k, counted from 0.
func (g *generation) advance(k int) {
	if k == 0 {
		g.due = g.jitter(g.s.cfg.TTFT + time.Duration(g.ask.promptTokens-g.ask.cached)*g.s.cfg.PerPromptToken)
		return
	}
	g.due += g.jitter(g.s.cfg.ITL)
}

// wait sleeps until due. It returns an error if the client goes away.
func (g *generation) wait() error {
	d := g.due - time.Since(g.start)
	if d <= 0 {
		return g.ctx.Err()
	}
	g.timer.Reset(d)
	select {
	case <-g.timer.C:
		return nil
	case <-g.ctx.Done():
		return g.ctx.Err()
	}
}

func (g *generation) word(k int) string { return words[(int(g.truth.Seq)+k)%len(words)] }

// head appends the beginning of every chunk and answer, up to the choices.
func (g *generation) head(b []byte, object string) []byte {
	prefix := "cmpl-"
	if g.chat {
		prefix = "chatcmpl-"
	}
	b = append(b, `{"id":"`+prefix...)
	b = strconv.AppendInt(b, g.truth.Seq, 10)
	b = append(b, `","object":"`+object+`","created":`...)
	b = strconv.AppendInt(b, g.truth.ReadUs/1e6, 10)
	model, _ := json.Marshal(g.ask.Model) // a string always marshals
	b = append(b, `,"model":`...)
	b = append(b, model...)
	return append(b, `,"choices":`...)
}

func (g *generation) usage(b []byte) []byte {
	p, c := int64(g.ask.promptTokens), int64(g.ask.tokens)
	b = append(b, `,"usage":{"prompt_tokens":`...)
	b = strconv.AppendInt(b, p, 10)
	b = append(b, `,"completion_tokens":`...)
	b = strconv.AppendInt(b, c, 10)
	b = append(b, `,"total_tokens":`...)
	b = strconv.AppendInt(b, p+c, 10)
	if g.s.cache != nil {
		b = append(b, `,"prompt_tokens_details":{"cached_tokens":`...)
		b = append(strconv.AppendInt(b, int64(g.ask.cached), 10), '}')
	}
	return append(b, '}')
}

// lookUp finds the beginning of the prompt in the cache. Its share of the tokens is that of the words, since a count
// may be another one.
func (g *generation) lookUp() {
	if n := len(g.ask.words); n > 0 {
		g.ask.cached = g.s.cache.hit(g.ask.words) * g.ask.promptTokens / n
		g.truth.CachedTokens = g.ask.cached
	}
}

// computed puts the prompt, and as much of the answer as has been made, into the cache.
func (g *generation) computed() {
	if g.s.cache == nil {
		return
	}
	all := slices.Clip(g.ask.words)
	for k := range g.truth.CompletionTokens {
		all = appendWords(all, g.word(k))
	}
	g.s.cache.add(all)
}

// times appends what the engine spent, if it reports that in the body.
func (g *generation) times(b []byte) []byte {
	if report := g.s.times.body; report != nil {
		b = append(append(b, ','), report(&g.spent)...)
	}
	return b
}

// each calls send with each token when it is due; last reports whether it is the last one.
func (g *generation) each(send func(k int, last bool) error) error {
	for k := range g.ask.tokens {
		g.advance(k)
		if err := g.wait(); err != nil {
			return err
		}
		since := time.Since(g.start) // of the last token, which reports it
		if k == 0 {
			g.spent.prefill = since
		}
		g.spent.decode = since - g.spent.prefill
		if err := send(k, k == g.ask.tokens-1); err != nil {
			return err
		}
		if k == 0 { // with the sending, as in the truth
			g.spent.prefill = time.Since(g.start)
		}
		g.truth.CompletionTokens++
		if now := g.s.nowUs(); g.ask.Stream {
			if k == 0 {
				g.truth.FirstUs = now
			}
			g.truth.ChunkUs = append(g.truth.ChunkUs, now)
		}
	}
	return nil
}

// stream sends one token a chunk. Like some engines, it first sends the role of a chat in a chunk of its own: the truth
// exposes a client that takes that for the first token.
func (g *generation) stream() error {
	h := g.w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	flush := http.NewResponseController(g.w).Flush
	object, before, after := "text_completion", `[{"index":0,"text":"`, `","logprobs":null,"finish_reason":null}]}`+"\n\n"
	last := `[{"index":0,"text":"","logprobs":null,"finish_reason":"` + g.ask.finish + `"}]`
	if g.chat {
		object, before = "chat.completion.chunk", `[{"index":0,"delta":{"content":"`
		after = `"},"logprobs":null,"finish_reason":null}]}` + "\n\n"
		last = `[{"index":0,"delta":{},"logprobs":null,"finish_reason":"` + g.ask.finish + `"}]`
	}
	head := g.head([]byte("data: "), object)
	buf := make([]byte, 0, 1024)
	if g.chat {
		buf = append(buf, head...)
		buf = append(buf, `[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,`...)
		buf = append(buf, `"finish_reason":null}]}`+"\n\n"...)
		if _, err := g.w.Write(buf); err != nil {
			return err
		}
		if err := flush(); err != nil {
			return err
		}
	}
	head = append(head, before...)
	err := g.each(func(k int, _ bool) error {
		buf = append(append(append(buf[:0], head...), g.word(k)...), after...)
		if _, err := g.w.Write(buf); err != nil {
			return err
		}
		return flush()
	})
	if err != nil {
		return err
	}
	g.spent.decode = time.Since(g.start) - g.spent.prefill
	g.computed() // before the client can ask for more
	head = head[:len(head)-len(before)]
	buf = append(append(buf[:0], head...), last...)
	if g.ask.StreamOptions.IncludeUsage {
		buf = append(append(buf, "}\n\n"...), head...)
		buf = g.usage(append(buf, "[]"...))
	}
	buf = append(g.times(buf), "}\n\ndata: [DONE]\n\n"...)
	if _, err := g.w.Write(buf); err != nil {
		return err
	}
	return flush()
}

// whole sends the answer when its last token is due.
func (g *generation) whole() error {
	for k := range g.ask.tokens {
		if g.advance(k); k == 0 {
			g.spent.prefill = g.due
		}
	}
	if err := g.wait(); err != nil {
		return err
	}
	g.spent.decode = time.Since(g.start) - g.spent.prefill
	object, before, after := "text_completion", `[{"index":0,"text":"`, `"`
	if g.chat {
		object, before, after = "chat.completion", `[{"index":0,"message":{"role":"assistant","content":"`, `"}`
	}
	b := append(g.head(make([]byte, 0, 512+8*g.ask.tokens), object), before...)
	for k := range g.ask.tokens {
		b = append(b, g.word(k)...)
	}
	b = append(b, after+`,"logprobs":null,"finish_reason":"`+g.ask.finish+`"}]`...)
	b = append(g.times(g.usage(b)), '}')
	h := g.w.Header()
	if report := g.s.times.header; report != nil {
		report(h, &g.spent)
	}
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	g.truth.CompletionTokens = g.ask.tokens
	g.computed()
	_, err := g.w.Write(b)
	return err
}
