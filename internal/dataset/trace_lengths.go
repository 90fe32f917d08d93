package dataset

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"llmperf/internal/api"
	"llmperf/internal/dataset/synth"
	"llmperf/internal/jsonl"
)

// Blocks of a prompt of which traces tell the hashes, in tokens.
const (
	mooncakeBlock = 512
	bailianBlock  = 16
)

const drawBlock = 0x626c6f636b

// mostTokens is the longest prompt that a trace may ask for, so that one line cannot take all memory.
const mostTokens = 1 << 24

// lengthItem makes a prompt of exactly so many tokens in, with as many out. What has the same hashes has the same text, so
// that prompts share what they shared.
func (t *trace) lengthItem(it *Item, in, out int64, hashes []blockID) (bool, error) {
	if in < 1 || in > mostTokens || out < 0 || out > math.MaxInt32 {
		return true, fmt.Errorf("not the length of a request: %d tokens in, %d out", in, out)
	}
	if t.texts == nil {
		var err error
		if t.texts, err = newTexts(t.o); err != nil {
			return true, err
		}
	}
	it.Tokens = int(in)
	var err error
	text := t.texts.open(nil)
	joined := false
	for _, h := range hashes {
		if in <= 0 {
			break
		}
		if text, err = t.texts.part(text, h.rand(t.o.Seed), int(min(in, t.block)), joined); err != nil {
			return true, err
		}
		in, joined = in-t.block, true
	}
	if in > 0 {
		if text, err = t.texts.part(text, synth.NewRand(t.o.Seed, drawText, uint64(t.n)), int(in), joined); err != nil {
			return true, err
		}
	}
	it.Text = t.texts.close(text)
	if out > 0 {
		it.Own = append(ownMaxTokens(int(out)), api.Param{Key: "ignore_eos", Value: []byte("true")})
	}
	return true, nil
}

// mooncakeLine is Mooncake's trace: ms, and the hashes of blocks of 512 tokens.
func mooncakeLine(t *trace, v gjson.Result, it *Item) (bool, error) {
	return t.hashedItem(it, v, 1)
}

// bailianLine is that of Alibaba's Bailian: seconds, and the hashes of blocks of 16 tokens.
func bailianLine(t *trace, v gjson.Result, it *Item) (bool, error) {
	for _, key := range []string{"type", "turn"} {
		if l := v.Get(key); l.Exists() {
			t.label(it, key, l.String())
		}
	}
	return t.hashedItem(it, v, 1000)
}

// hashedItem is a line of lengths and hashes, its timestamp in units of so many ms.
func (t *trace) hashedItem(it *Item, v gjson.Result, unit float64) (bool, error) {
	at := v.Get("timestamp")
	if at.Type != gjson.Number {
		return true, fmt.Errorf("timestamp is no number: %.40q", at.Raw)
	}
	in, err := whole(v, "input_length")
	if err != nil {
		return true, err
	}
	out, err := whole(v, "output_length")
	if err != nil {
		return true, err
	}
	list := v.Get("hash_ids")
	if list.Exists() && !list.IsArray() {
		return true, fmt.Errorf("hash_ids is no list: %.40s", list.Raw)
	}
	var hashes []blockID
	for _, h := range list.Array() {
		id, err := readHash(h)
		if err != nil {
			return true, fmt.Errorf("hash_ids: %w", err)
		}
		hashes = append(hashes, id)
	}
	if err := checkBlocks(len(hashes), in, t.block); err != nil {
		return true, err
	}
	t.at(it, at.Num*unit)
	return t.lengthItem(it, in, out, hashes)
}

// whole is a whole number that a line must have.
func whole(v gjson.Result, key string) (int64, error) {
	n := v.Get(key)
	if n.Type != gjson.Number || n.Num != math.Trunc(n.Num) {
		return 0, fmt.Errorf("%s is no whole number: %.40q", key, n.Raw)
	}
	return n.Int(), nil
}

func (t *trace) label(it *Item, key, value string) {
	if it.Line.Labels == nil {
		it.Line.Labels = map[string]string{}
	}
	it.Line.Labels[key] = value
}

// csvTrace reads rows under a header, which must have the columns.
func csvTrace(put func(t *trace, row map[string]string, it *Item) (bool, error), columns ...string) func(*trace, io.Reader, string) iter.Seq2[*Item, error] {
	return func(t *trace, r io.Reader, name string) iter.Seq2[*Item, error] {
		return func(yield func(*Item, error) bool) {
			cr := csv.NewReader(r)
			header, err := cr.Read()
			for _, c := range columns {
				if err == nil && !slices.Contains(header, c) {
					err = fmt.Errorf("no column %q; it has %s", c, strings.Join(header, ", "))
				}
			}
			if err != nil {
				yield(nil, fmt.Errorf("%s: %w", name, err))
				return
			}
			for {
				values, err := cr.Read()
				if err == io.EOF {
					return
				}
				it, keep := &Item{}, true
				if p, bad := errors.AsType[*csv.ParseError](err); bad {
					err = &jsonl.LineError{File: name, Line: p.Line, Err: p.Err}
				} else if err != nil {
					yield(nil, fmt.Errorf("%s: %w", name, err))
					return
				} else if keep, err = put(t, byName(header, values), it); err != nil {
					line, _ := cr.FieldPos(0)
					err = &jsonl.LineError{File: name, Line: line, Err: err}
				}
				if !keep {
					t.left++
					continue
				}
				if !yield(it, err) {
					return
				}
				t.n++
			}
		}
	}
}

func byName(header, values []string) map[string]string {
	row := make(map[string]string, len(header))
	for i, h := range header {
		row[h] = values[i]
	}
	return row
}

// azureRow is a row of Azure's traces of LLM inference.
func azureRow(t *trace, row map[string]string, it *Item) (bool, error) {
	return t.csvItem(it, row["TIMESTAMP"], row["ContextTokens"], row["GeneratedTokens"])
}

// burstRow is a row of BurstGPT. A request that failed has no tokens out: it is sent without a limit of its own.
func burstRow(t *trace, row map[string]string, it *Item) (bool, error) {
	for key, name := range map[string]string{"Model": "model", "Log Type": "log_type"} {
		if row[key] != "" {
			t.label(it, name, row[key])
		}
	}
	return t.csvItem(it, row["Timestamp"], row["Request tokens"], row["Response tokens"])
}

func (t *trace) csvItem(it *Item, when, in, out string) (bool, error) {
	ms, err := timeMs(gjson.Result{Type: gjson.String, Str: when, Raw: when})
	if err != nil {
		return true, err
	}
	i, err := strconv.ParseInt(in, 10, 64)
	if err != nil {
		return true, fmt.Errorf("not a number of tokens: %q", in)
	}
	o, err := strconv.ParseInt(out, 10, 64)
	if err != nil {
		return true, fmt.Errorf("not a number of tokens: %q", out)
	}
	t.at(it, ms)
	return t.lengthItem(it, i, o, nil)
}

// vllmLine is a line of vLLM's custom dataset.
func vllmLine(t *trace, v gjson.Result, it *Item) (bool, error) {
	if v.Get("prompt").Type != gjson.String {
		return true, fmt.Errorf("prompt is no text: %.40s", v.Get("prompt").Raw)
	}
	n, err := whole(v, "output_tokens")
	if err != nil {
		return true, err
	}
	if n > 0 {
		it.Own = ownMaxTokens(int(n))
	}
	return (&prompts{o: &Options{Tokenizer: t.o.Tokenizer, TokenIDs: t.o.TokenIDs}}).put(it, v.Get("prompt").String())
}
