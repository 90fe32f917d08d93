package dataset

import (
	"fmt"
	"math"

	"github.com/tidwall/gjson"

	"perfpipe/internal/api"
	"perfpipe/internal/dataset/synth"
)

// Default number of tokens per hashed block.
const (
	mooncakeBlock = 512
	bailianBlock  = 16
)

// noLength is the number of output tokens if the trace does not have it.
const noLength = -1

const drawBlock = 0x626c6f636b

// maxPromptTokens is the longest prompt that a trace may ask for, so that one line cannot exhaust memory.
const maxPromptTokens = 1 << 24

// lengthItem generates a prompt of exactly in tokens that asks for out tokens. Equal hashes get equal text, so that
// prompts share the prefixes that they shared in production.
func (t *trace) lengthItem(it *Item, in, out int64, hashes []blockID) (bool, error) {
	if out == 0 && in > 0 {
		t.skip(failed) // otherwise its answer would be unlimited
		return false, nil
	}
	if in < 1 || in > maxPromptTokens || out < noLength || out > math.MaxInt32 {
		return true, fmt.Errorf("not the length of a request: %d tokens in, %d out", in, out)
	}
	if t.texts == nil {
		var err error
		if t.texts, err = newTexts(t.o.unprefixed()); err != nil {
			return true, err
		}
	}
	it.Tokens = int(in)
	var err error
	text := t.texts.open(t.text[:0])
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
	t.text = t.texts.close(text)
	it.Text = t.text
	if out > 0 {
		it.Own = append(ownMaxTokens(int(out)), api.Param{Key: "ignore_eos", Value: []byte("true")})
	}
	return true, nil
}

// hashedItem converts a line of lengths and hashes whose timestamp is in units of unit ms.
func (t *trace) hashedItem(it *Item, v gjson.Result, unit float64) (bool, error) {
	if err := t.stamp(it, v, unit); err != nil {
		return true, err
	}
	in, err := whole(v, "input_length")
	if err != nil {
		return true, err
	}
	out, err := optional(v, "output_length")
	if err != nil {
		return true, err
	}
	list := embedded(v.Get("hash_ids")) // a string in CSV
	if list.Exists() && !list.IsArray() {
		return true, fmt.Errorf("hash_ids is not a list: %.40s", list.Raw)
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
	return t.lengthItem(it, in, out, hashes)
}

// whole returns a required integer of a line.
func whole(v gjson.Result, key string) (int64, error) {
	n := v.Get(key)
	if n.Type == gjson.String { // of a CSV file
		count, err := tokens(n.Str)
		if err != nil {
			err = fmt.Errorf("%s: %w", key, err)
		}
		return count, err
	}
	if n.Type != gjson.Number || n.Num != math.Trunc(n.Num) || math.Abs(n.Num) > 1<<53 {
		return 0, fmt.Errorf("%s is not a whole number: %.40q", key, n.Raw)
	}
	return int64(n.Num), nil
}

// optional returns an optional integer of a line, or noLength.
func optional(v gjson.Result, key string) (int64, error) {
	if n := v.Get(key); !n.Exists() || n.Type == gjson.Null || n.Type == gjson.String && n.Str == "" {
		return noLength, nil
	}
	n, err := whole(v, key)
	if err == nil && n < 0 {
		err = fmt.Errorf("%s is negative: %d", key, n)
	}
	return n, err
}

// stamp reads the optional timestamp of a line, in units of unit ms.
func (t *trace) stamp(it *Item, v gjson.Result, unit float64) error {
	at := v.Get("timestamp")
	if !at.Exists() || at.Type == gjson.Null || at.Type == gjson.String && at.Str == "" {
		return nil
	}
	if n := at.Str; at.Type == gjson.String && gjson.Valid(n) && gjson.Parse(n).Type == gjson.Number { // of a CSV file
		at = gjson.Parse(n)
	}
	if t.n == 0 || t.startMs == nil {
		t.epoch = fromEpoch(at)
	}
	ms, err := possibleMs(at.Num*unit, at)
	if t.epoch || at.Type != gjson.Number {
		ms, err = timeMs(at)
	}
	if err != nil {
		return fmt.Errorf("timestamp: %w", err)
	}
	t.at(it, ms)
	return nil
}

func (t *trace) label(it *Item, key, value string) {
	if it.Line.Labels == nil {
		it.Line.Labels = map[string]string{}
	}
	it.Line.Labels[key] = value
}
