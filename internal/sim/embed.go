package sim

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
)

// dimensions is the length of an embedding.
const dimensions = 16

// batch is a request for embeddings or ranks, of texts that the model reads once.
type batch struct {
	model  string
	texts  int
	tokens int
	reply  func(rng *rand.Rand) any // the answer, except model and usage
}

// items adds the routes for embeddings and ranks.
func (s *Server) items(mux *http.ServeMux) {
	for path, parse := range map[string]func([]byte) (batch, error){
		"/v1/embeddings": s.cfg.parseEmbedding, "/rerank": s.cfg.parseRerank, "/v1/rerank": s.cfg.parseRerank,
		"/v2/rerank": s.cfg.parseRerank, "/v1/reranks": s.cfg.parseRerank, "/score": s.cfg.parseScore,
	} {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) { s.serveBatch(w, r, parse) })
	}
}

// serveBatch answers when the prompt has been read.
func (s *Server) serveBatch(w http.ResponseWriter, r *http.Request, parse func([]byte) (batch, error)) {
	s.serve(w, r, func(body []byte) (job, error) {
		b, err := parse(body)
		return job{ask: ask{promptTokens: b.tokens}, answer: b.write}, err
	})
}

func (b *batch) write(g *generation) error {
	g.advance(0)
	if err := g.wait(); err != nil {
		return err
	}
	answer, err := json.Marshal(b.reply(g.rng))
	if err != nil {
		return err
	}
	usage := fmt.Appendf(nil, `,"model":%q,"usage":{"prompt_tokens":%d,"total_tokens":%d}}`, b.model, b.tokens, b.tokens)
	g.w.Header().Set("Content-Type", "application/json")
	_, err = g.w.Write(append(answer[:len(answer)-1], usage...))
	return err
}

func (c *Config) named(model string) string {
	if model == "" {
		return c.Model
	}
	return model
}

// parseEmbedding takes a text, a list of texts, token ids, or a list of lists of them.
func (c *Config) parseEmbedding(body []byte) (batch, error) {
	var a struct {
		Model    string          `json:"model"`
		Input    json.RawMessage `json:"input"`
		Encoding string          `json:"encoding_format"`
	}
	if err := decode(body, &a); err != nil {
		return batch{}, err
	}
	inputs := []json.RawMessage{a.Input}
	var ids []int
	if len(a.Input) > 0 && a.Input[0] == '[' && json.Unmarshal(a.Input, &ids) != nil {
		if err := json.Unmarshal(a.Input, &inputs); err != nil {
			return batch{}, err
		}
	}
	b := batch{model: c.named(a.Model), texts: len(inputs)}
	var prompt ask // of all inputs
	for _, in := range inputs {
		if prompt.countPrompt(c, in) != nil {
			return batch{}, errors.New("input must be a text, a list of texts, or token ids")
		}
	}
	b.tokens = prompt.promptTokens
	b.reply = func(rng *rand.Rand) any {
		data := make([]any, b.texts)
		for i := range data {
			data[i] = map[string]any{"object": "embedding", "index": i, "embedding": vector(rng, a.Encoding == "base64")}
		}
		return map[string]any{"object": "list", "data": data}
	}
	return b, nil
}

// vector returns a random vector of length 1, as numbers or as base64 of 32-bit floats.
func vector(rng *rand.Rand, packed bool) any {
	v := make([]float32, dimensions)
	var sum float64
	for i := range v {
		v[i] = rng.Float32()*2 - 1
		sum += float64(v[i]) * float64(v[i])
	}
	bytes := make([]byte, 0, 4*dimensions)
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
		bytes = binary.LittleEndian.AppendUint32(bytes, math.Float32bits(v[i]))
	}
	if packed {
		return base64.StdEncoding.EncodeToString(bytes)
	}
	return v
}

func (c *Config) parseRerank(body []byte) (batch, error) {
	var a struct {
		Model     string   `json:"model"`
		Query     *string  `json:"query"`
		Documents []string `json:"documents"`
		TopN      int      `json:"top_n"`
	}
	if err := decode(body, &a); err != nil {
		return batch{}, err
	}
	if a.Query == nil || len(a.Documents) == 0 {
		return batch{}, errors.New("query and documents are both needed")
	}
	b := batch{model: c.named(a.Model), texts: len(a.Documents), tokens: c.pairs(*a.Query, a.Documents)}
	b.reply = func(rng *rand.Rand) any {
		results := make([]any, b.texts)
		for i := range results {
			results[i] = map[string]any{"index": i, "relevance_score": rng.Float64()}
		}
		if a.TopN > 0 && a.TopN < len(results) {
			results = results[:a.TopN]
		}
		return map[string]any{"id": "rerank", "results": results}
	}
	return b, nil
}

// pairs counts the query with each of the documents, as a cross-encoder reads them.
func (c *Config) pairs(query string, documents []string) int {
	n := 0
	for _, d := range documents {
		n += c.Count(query) + c.Count(d)
	}
	return n
}

func (c *Config) parseScore(body []byte) (batch, error) {
	var a struct {
		Model string   `json:"model"`
		Text1 *string  `json:"text_1"`
		Text2 []string `json:"text_2"`
	}
	if err := decode(body, &a); err != nil {
		return batch{}, err
	}
	if a.Text1 == nil || len(a.Text2) == 0 {
		return batch{}, errors.New("text_1 and text_2 are both needed")
	}
	b := batch{model: c.named(a.Model), texts: len(a.Text2), tokens: c.pairs(*a.Text1, a.Text2)}
	b.reply = func(rng *rand.Rand) any {
		data := make([]any, b.texts)
		for i := range data {
			data[i] = map[string]any{"index": i, "object": "score", "score": rng.Float64()}
		}
		return map[string]any{"object": "list", "data": data}
	}
	return b, nil
}
