package tokenizer

import (
	"encoding/base64"
	"strings"
	"testing"
	"unicode/utf8"
)

// fuzzText is what a vocabulary that could be read is tried on.
const fuzzText = "Hello  wörld's 12345 <s>\n\t 中文 👩‍👩‍👧 ▁x\u0301\u0300 \u0600a K ſ!"

// tryOut checks that a vocabulary, however odd, returns only ids that it can decode.
func tryOut(t *testing.T, v *vocabulary, text string) {
	for _, ids := range [][]int{v.Encode(text), v.EncodeSpecial(text, true)} {
		for _, id := range ids {
			if id < 0 {
				t.Fatalf("%q: the id %d", text, id)
			}
		}
		if got := v.Decode(ids); !utf8.ValidString(got) {
			t.Fatalf("%q decodes to %q", text, got)
		}
	}
	v.Decode([]int{-1, 0, 1, 1 << 30})
	for id, token := range v.Tokens() {
		_, _ = id, token
	}
}

func FuzzTokenizerJSON(f *testing.F) {
	add := func(normalizer, pre, model, decoder, post string) {
		f.Add(`{"version":"1.0","added_tokens":[{"id":9,"content":"<s>","special":true},{"id":7,"content":"wör",` +
			`"normalized":true,"lstrip":true,"rstrip":true,"single_word":false}],` +
			`"normalizer":` + normalizer + `,"pre_tokenizer":` + pre + `,"post_processor":` + post + `,"decoder":` + decoder +
			`,"model":` + model + `}`)
	}
	bpe := `{"type":"BPE","unk_token":"u","fuse_unk":true,"byte_fallback":true,"vocab":{"u":0,"l":1,"ll":2,"▁":3,` +
		`"<0x0A>":4,"o</w>":5,"##l":6},"merges":["l l"]}`
	add(`{"type":"Sequence","normalizers":[{"type":"NFKC"},{"type":"Prepend","prepend":"▁"},{"type":"Replace",`+
		`"pattern":{"String":" "},"content":"▁"}]}`, `null`, bpe,
		`{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},`+
			`{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":1}]}`,
		`{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A",`+
			`"type_id":0}}],"special_tokens":{"<s>":{"id":"<s>","ids":[9]}}}`)
	add(`{"type":"Strip","strip_left":true,"strip_right":true}`,
		`{"type":"Sequence","pretokenizers":[{"type":"Split",`+
			`"pattern":{"Regex":"(?i:'s)|\\p{L}+(?!\\d)|\\s+|(\\p{N}x?)*"},"behavior":"MergedWithPrevious","invert":true},`+
			`{"type":"ByteLevel","add_prefix_space":true,"use_regex":true}]}`,
		bpe, `{"type":"ByteLevel"}`, `{"type":"RobertaProcessing","sep":["</s>",2],"cls":["<s>",0]}`)
	add(`{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true}`,
		`{"type":"BertPreTokenizer"}`,
		`{"type":"WordPiece","unk_token":"u","continuing_subword_prefix":"##","max_input_chars_per_word":9,"vocab":{"u":0,`+
			`"h":1,"##e":2}}`, `{"type":"WordPiece","prefix":"##","cleanup":true}`, `null`)
	add(`{"type":"Nmt"}`, `{"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},`+
		`{"type":"Punctuation","behavior":"Contiguous"},{"type":"FixedLength","length":2},{"type":"Metaspace",`+
		`"replacement":"▁","prepend_scheme":"first","split":true}]}`,
		`{"type":"Unigram","unk_id":0,"byte_fallback":false,"vocab":[["u",0.0],["▁",-2.5],["l",-3.25e-1],["ll",-1.0]]}`,
		`{"type":"Metaspace","replacement":"▁","add_prefix_space":true}`,
		`{"type":"BertProcessing","sep":["a",1],"cls":["b",2]}`)
	add(`null`, `{"type":"WhitespaceSplit"}`, `{"type":"WordLevel","unk_token":"u","vocab":{"u":0,"Hello":3}}`,
		`{"type":"CTC","pad_token":"u","word_delimiter_token":"|","cleanup":true}`, `null`)
	f.Fuzz(func(t *testing.T, data string) {
		if v, err := readTokenizer("fuzz", []byte(data), tokenizerConfig{}); err == nil {
			tryOut(t, v, fuzzText)
		}
	})
}

func FuzzMerges(f *testing.F) {
	f.Add(`{"l":0,"o":1,"lo":2}`, "#version: 0.2\nl o\n")
	f.Add(`{"a":0}`, "a</w>\n")
	f.Fuzz(func(t *testing.T, vocab, merges string) {
		if v, err := vocabMerges([]byte(vocab), []byte(merges), gpt2Pattern, tokenizerConfig{}); err == nil {
			tryOut(t, v, fuzzText)
		}
	})
}

func FuzzTiktoken(f *testing.F) {
	var all strings.Builder
	for b := range 256 {
		all.WriteString(base64.StdEncoding.EncodeToString([]byte{byte(b)}) + " " + strings.Repeat("1", 1) + "\n")
	}
	f.Add(all.String())
	f.Add("bGw= 256\n\nbA== 3\n")
	f.Fuzz(func(t *testing.T, data string) {
		if v, err := readTiktoken("fuzz", []byte(data), encodings["llama3"]); err == nil {
			tryOut(t, v, fuzzText)
		}
	})
}

// FuzzPattern: whatever a pattern is, the parts of a text are the text.
func FuzzPattern(f *testing.F) {
	for _, e := range encodings {
		f.Add(e.pattern, "Hello  wörld's 12345 \n")
	}
	for _, p := range []string{`[^\s&&[^\n]]+|\bx\B`, `(?<=a)b|(?<!c)d`, `^a$|\A\z|\Z`, `(?>\p{L}+)`, `x{2,3}?|y{,2}|z*+`,
		`[[:digit:]]|\x{4e00}|\u0041`, `(?i)ab|[a-f]`, `(\p{L}\p{M}*)+`, `(?m:.)`, ``} {
		f.Add(p, "xxx yy ab\nABé́")
	}
	f.Fuzz(func(t *testing.T, text, s string) {
		if len(text) > 60 || len(s) > 30 { // a pattern may take exponential time, in the reference as well
			return
		}
		p, err := compilePattern(text)
		if err != nil {
			return
		}
		s = lossy(s)
		var parts strings.Builder
		p.each(s, func(text string, _ bool) { parts.WriteString(text) })
		if parts.String() != s {
			t.Errorf("%q cuts %q into %q", text, s, parts.String())
		}
		spaceCuts(p.root)
	})
}

// FuzzVocabularies: no text is too odd, and byte-level vocabularies give it back.
func FuzzVocabularies(f *testing.F) {
	for i, text := range vectorTexts(f) {
		if i%25 == 0 { // TestVectors tries all
			f.Add(text)
		}
	}
	lossless := map[string]bool{"gpt2": true, "llama3": true, "deepseek": true, "falcon": true}
	all := map[string]*vocabulary{}
	for _, name := range vectorNames(f) {
		all[name], _ = openVectors(f, name)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for name, v := range all {
			if got := v.Decode(v.Encode(text)); lossless[name] && got != lossy(text) {
				t.Errorf("%s: %q came back as %q", name, text, got)
			}
			v.EncodeSpecial(text, true)
		}
	})
}

func FuzzCharsMap(f *testing.F) {
	f.Add(base64.StdEncoding.EncodeToString([]byte{8, 0, 0, 0, 0, 4, 0, 0, 'a', 1, 0, 0, 'b', 0}), "abc")
	f.Fuzz(func(t *testing.T, data, text string) {
		if m, err := newCharsMap(data); err == nil {
			if out, _ := m.normalize(lossy(text)); !utf8.ValidString(out) {
				t.Errorf("%q became %q", text, out)
			}
		}
	})
}
