package dataset

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"testing"

	"perfpipe/internal/api"
	"perfpipe/internal/dataset/body"
	"perfpipe/internal/tokenizer"
)

// ask returns the bodies of a dataset, decoded.
func ask(t *testing.T, name string, o *Options, s *body.Shape) []sentBody {
	t.Helper()
	if o.Tell == nil {
		o.Tell = logged(t)
	}
	source, err := Open(context.Background(), name, o, s)
	if err != nil {
		t.Fatal(err)
	}
	var all []sentBody
	for r, err := range source {
		if err != nil {
			t.Fatal(err)
		}
		var b sentBody
		if err := json.Unmarshal(r.Body, &b); err != nil {
			t.Fatalf("%s: %v", r.Body, err)
		}
		all = append(all, b)
	}
	return all
}

type sentBody struct {
	Model     string
	Prompt    any
	Messages  []struct{ Role, Content string }
	MaxTokens int `json:"max_tokens"`
}

func ptr[T any](v T) *T { return &v }

func open(t *testing.T, name string) tokenizer.Tokenizer {
	t.Helper()
	tok, err := tokenizer.Open(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// TestRandomIsExact encodes what was made, prefix and all.
func TestRandomIsExact(t *testing.T) {
	cache := t.TempDir()
	for _, name := range []string{"o200k_base", "cl100k_base"} {
		for _, charset := range []string{"", "ascii", "all"} {
			t.Run(fmt.Sprintf("%s charset=%s", name, charset), func(t *testing.T) {
				tok := open(t, name)
				o := &Options{Number: 300, Seed: 1, Workers: 2, MinPrompt: ptr(1), MaxPrompt: ptr(64), PrefixLength: 16,
					PrefixCount: 3, Charset: charset,
					TokenizerName: name, CacheDir: cache, Tokenizer: func() (tokenizer.Tokenizer, error) { return tok, nil }}
				lengths := map[int]int{}
				prefixes := map[string]int{}
				for _, b := range ask(t, "random", o, &body.Shape{}) {
					ids := tok.Encode(b.Messages[0].Content)
					lengths[len(ids)-16]++
					prefixes[tok.Decode(ids[:16])]++
				}
				for n := range lengths {
					if n < 1 || n > 64 {
						t.Errorf("a prompt of %d tokens", n)
					}
				}
				if len(prefixes) != 3 {
					t.Errorf("%d prefixes, want 3", len(prefixes))
				}
			})
		}
	}
}

// TestRandomLengthsAreUniform is a chi-square test at 1 in 10⁶, of fixed seeds.
func TestRandomLengthsAreUniform(t *testing.T) {
	tok := open(t, "o200k_base")
	const cells, n = 32, 10000
	var seen, out [cells]int
	for _, b := range ask(t, "random", &Options{Number: n, Seed: 1, Workers: 1, MinPrompt: ptr(1), MaxPrompt: ptr(cells)},
		&body.Shape{Chat: ptr(false), MaxTokens: []int{1, cells},
			Params: []body.Param{{Param: api.Param{Key: "max_tokens"}}}}) {
		seen[len(tok.Encode(b.Prompt.(string)))-1]++
		out[b.MaxTokens-1]++
	}
	for name, counts := range map[string][cells]int{"prompt": seen, "max_tokens": out} {
		chi := 0.0
		for _, c := range counts {
			chi += math.Pow(float64(c)-n/cells, 2) / (n / cells)
		}
		if chi > 85 { // χ²(31) at 1 − 10⁻⁶ is 84.6
			t.Errorf("%s: chi-square %.1f: %v", name, chi, counts)
		}
	}
}

// TestRandomIsIndependent looks for what a prefix cache could use: equal beginnings, blocks, or a small vocabulary.
func TestRandomIsIndependent(t *testing.T) {
	for charset, foreign := range map[string]bool{"": false, "ascii": false, "all": true} {
		t.Run(charset, func(t *testing.T) { checkIndependent(t, charset, foreign) })
	}
}

func checkIndependent(t *testing.T, charset string, foreign bool) {
	tok := open(t, "o200k_base")
	blocks, ids := map[string]bool{}, map[int]bool{}
	scripts := map[bool]int{}
	for _, b := range ask(t, "random", &Options{Number: 20, Seed: 1, Workers: 2, MinPrompt: ptr(1024),
		MaxPrompt: ptr(1024), Charset: charset}, &body.Shape{Chat: ptr(false)}) {
		all := tok.Encode(b.Prompt.(string))
		for at := 0; at+16 <= len(all); at++ {
			key := fmt.Sprint(all[at : at+16])
			if blocks[key] {
				t.Fatalf("16 tokens occur twice: %s", tok.Decode(all[at:at+16]))
			}
			blocks[key] = true
		}
		for _, id := range all {
			ids[id] = true
		}
		for _, r := range b.Prompt.(string) {
			scripts[r < 0x250]++
		}
	}
	if len(ids) < 1000 || (scripts[false] > 0) != foreign {
		t.Errorf("%d distinct ids, characters latin and not: %v", len(ids), scripts)
	}
}

func TestGenerateKeepsOrder(t *testing.T) {
	var want []sentBody
	for _, workers := range []int{1, 2, 5} {
		got := ask(t, "random", &Options{Number: 500, Seed: 3, Workers: workers, MaxPrompt: ptr(9)},
			&body.Shape{Chat: ptr(false)})
		if want == nil {
			want = got
		}
		if len(got) != 500 || !reflect.DeepEqual(got, want) {
			t.Errorf("%d workers: %d requests, or others", workers, len(got))
		}
	}
}

func BenchmarkRandom(b *testing.B) {
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			shape := &body.Shape{}
			source, err := Open(context.Background(), "random", &Options{Number: int64(b.N), Seed: 1, Workers: workers}, shape)
			if err != nil {
				b.Fatal(err)
			}
			n := 0
			for r, err := range source {
				if err != nil {
					b.Fatal(err)
				}
				n += len(r.Body)
			}
			b.SetBytes(int64(n / b.N))
			b.ReportMetric(float64(b.N)*randomTokensIn/b.Elapsed().Seconds()/1e6, "Mtok/s")
		})
	}
}
