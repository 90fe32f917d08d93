package dataset

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"

	"perfpipe/internal/api"
	"perfpipe/internal/fastjson"
	"perfpipe/internal/fault"
	"perfpipe/internal/sniff"
	"perfpipe/internal/tokenizer"
)

// prompts converts texts to items of the requested length, as text or token ids, and counts what it drops.
type prompts struct {
	o      *Options
	left   int     // dropped because of their length
	below  int     // cut or padded to fewer tokens than the target
	silent int     // conversations without a user message
	short  int     // conversations with too few turns
	talks  uint64  // conversations of several turns, for the draws of each
	empty  int     // empty messages
	keys   nameSet // keys of messages that are not sent
	params nameSet // parameters of rows that are not sent
	unseen int     // conversations whose pictures or sounds are not sent
	// prompts with special tokens, whose number of tokens depends on the server
	special int
	broken  int // prompts with U+FFFD
	// bodies that end in an answer
	answered int
	bodies   int  // messages and bodies of any length
	told     bool // the counts have been logged
	untold   bool // it has been logged that the tokens of prompts are unknown

	target int    // length in tokens to cut a text to; 0 is none
	drop   bool   // drop shorter texts
	prefix []int  // tokens to pad shorter texts with
	role   string // role that gets the padding: system or user
}

// newPrompts parses the length options of the dataset: target_input_len, input_len_mode, prefix_file and
// prefix_role.
func newPrompts(o *Options) (*prompts, error) {
	p := &prompts{o: o, role: "system"}
	target, mode, file := gjson.GetBytes(o.Args, "target_input_len"), gjson.GetBytes(o.Args, "input_len_mode"),
		gjson.GetBytes(o.Args, "prefix_file")
	p.target = int(target.Int())
	switch {
	case target.Exists() && p.target < 1:
		return nil, wrongArg("target_input_len %s is not 1 or more", target.Raw)
	case p.target > 0 && o.TokenizerName == "":
		return nil, fault.Invalid("dataset-args", "target-tokens",
			"target_input_len counts tokens, and no vocabulary is named")
	case mode.Exists() && mode.Str != "cap" && mode.Str != "drop":
		return nil, wrongArg("input_len_mode %s is neither cap nor drop", mode.Raw)
	}
	p.drop = mode.Str == "drop"
	if err := p.open(); err != nil {
		return nil, err
	}
	if !file.Exists() {
		return p, nil
	}
	if role := gjson.GetBytes(o.Args, "prefix_role"); role.Exists() {
		p.role = role.Str
	}
	switch {
	case p.target == 0 || p.drop:
		return nil, wrongArg("prefix_file needs target_input_len, and fills what input_len_mode drop would leave out")
	case p.role != "system" && p.role != "user":
		return nil, wrongArg("prefix_role %s is neither system nor user", p.role)
	}
	text, err := os.ReadFile(file.Str)
	if err == nil {
		err = sniff.Text(text)
	}
	if err != nil {
		return nil, wrongArg("prefix_file %s: %w", file.Str, err)
	}
	text = sniff.TrimBOM(text)
	tok, err := o.Tokenizer()
	if err != nil {
		return nil, err
	}
	if p.prefix = tok.Encode(string(text)); len(p.prefix) == 0 {
		return nil, wrongArg("prefix_file: %s is empty", file.Str)
	}
	return p, nil
}

// open opens the tokenizer and template that lengths need, so that their errors come before the first line.
func (p *prompts) open() error {
	limited := p.o.MinPrompt != nil || p.o.MaxPrompt != nil
	if !p.o.TokenIDs && (p.o.TokenizerName == "" || !limited && p.target == 0 && !p.o.tokens) {
		return nil
	}
	if _, err := p.o.Tokenizer(); err != nil {
		return err
	}
	if p.o.Counted != nil && limited {
		_, err := p.o.Counted()
		return err
	}
	return nil
}

// put sets the item to a text. keep is false if the text is too short or too long.
func (p *prompts) put(it *Item, text string) (keep bool, err error) {
	if strings.Contains(text, "\uFFFD") {
		p.broken++
	}
	if p.o.TokenIDs {
		return p.putIDs(it, text)
	}
	system := ""
	if p.target > 0 {
		if text, system, keep, err = p.cut(text); err != nil || !keep {
			return p.keep(keep), err
		}
	} else if keep, err = p.fits(text); err != nil || !keep {
		return p.keep(keep), err
	}
	if p.o.tokens && p.o.TokenizerName == "" && !p.untold {
		p.untold = true
		p.o.say("requests have no number of tokens: no tokenizer is named to count them with")
	} else if p.o.tokens && !p.untold {
		tok, err := p.o.Tokenizer()
		if err != nil {
			return false, err
		}
		if it.Tokens = p.tokens(tok, system, text); p.o.Counted != nil && it.Tokens > 0 && system == "" {
			r, err := p.o.Counted()
			if err == nil {
				it.Tokens, err = r.Tokens(tok, text)
			}
			if err != nil {
				return false, err
			}
		}
	}
	if system == "" {
		it.Text = fastjson.AppendEscaped(it.Text[:0], text)
		return true, nil
	}
	b := fastjson.AppendString([]byte(`[{"role":"system","content":`), system)
	b = fastjson.AppendString(append(b, `},{"role":"user","content":`...), text)
	it.In = &api.Input{Messages: append(b, `}]`...)}
	return true, nil
}

// tokens returns the number of tokens of texts, or 0 if they contain special tokens, such as <|im_end|>: some servers
// read these as what they are in a template, and some as text.
func (p *prompts) tokens(tok tokenizer.Tokenizer, texts ...string) (n int) {
	special, _ := tok.(tokenizer.Special)
	for _, text := range texts {
		k := len(tok.Encode(text))
		if special != nil && len(special.EncodeSpecial(text, false)) != k {
			p.special++
			return 0
		}
		n += k
	}
	return n
}

// putIDs is put for token ids, which reach the target length exactly.
func (p *prompts) putIDs(it *Item, text string) (keep bool, err error) {
	if p.target == 0 {
		if keep, err = p.fits(text); err != nil || !keep {
			return p.keep(keep), err
		}
	}
	tok, err := p.o.Tokenizer()
	if err != nil {
		return false, err
	}
	ids := tok.Encode(text)
	if ids == nil { // no text has a list, too
		ids = []int{}
	}
	switch missing := p.target - len(ids); {
	case p.target == 0:
	case missing <= 0:
		ids = ids[:p.target]
	case p.drop:
		return p.keep(false), nil
	case p.prefix != nil:
		ids = append(slices.Repeat(p.prefix, missing/len(p.prefix)+1)[:missing], ids...)
	}
	it.Tokens = len(ids)
	it.Text, err = json.Marshal(ids)
	return true, err
}

func (p *prompts) keep(keep bool) bool {
	if !keep {
		p.left++
	}
	return keep
}

// fits reports whether a text is within the length limits.
func (p *prompts) fits(text string) (bool, error) {
	lo, hi := p.o.MinPrompt, p.o.MaxPrompt
	if lo == nil && hi == nil {
		return true, nil
	}
	n := utf8.RuneCountInString(text)
	if p.o.TokenizerName != "" {
		tok, err := p.o.Tokenizer()
		if err != nil {
			return false, err
		}
		n = len(tok.Encode(text))
		if p.o.Counted != nil {
			r, err := p.o.Counted()
			if err != nil {
				return false, err
			}
			if n, err = r.Tokens(tok, text); err != nil {
				return false, err
			}
		}
	}
	return (lo == nil || n >= *lo) && (hi == nil || n <= *hi), nil
}

// nameSet is a set of at most maxKeys names.
type nameSet map[string]bool

// maxKeys is the maximum number of names in a message.
const maxKeys = 20

func (s *nameSet) add(name string) {
	if *s == nil {
		*s = nameSet{}
	}
	if len(*s) < maxKeys {
		(*s)[name] = true
	}
}

// String lists the names.
func (s nameSet) String() string { return strings.Join(slices.Sorted(maps.Keys(s)), ", ") }

// leaves notes what of a row is not sent.
func (p *prompts) leaves(row *talkRow) {
	for _, name := range row.unsent {
		p.params.add(name)
	}
	if row.pictures {
		p.unseen++
	}
}

// report logs what was dropped, at the end of the first pass over the data.
func (p *prompts) report() {
	if p.told {
		return
	}
	p.told = true
	p.reportLength()
	if p.below > 0 {
		p.o.Tell("dataset-args", "", "%d prompts are below target_input_len %d: text cannot be cut at every token", p.below,
			p.target)
	}
	if p.silent > 0 {
		p.o.say("%d conversations left out: no message of a user", p.silent)
	}
	if p.short > 0 {
		p.o.Tell("min-turns", "", "%d conversations left out: fewer than %d turns", p.short, p.o.MinTurns)
	}
	if p.empty > 0 {
		p.o.say("%d empty messages left out", p.empty)
	}
	if len(p.keys) > 0 {
		p.o.say("keys of messages that no API has are left out: %s", p.keys)
	}
	if len(p.params) > 0 {
		p.o.say("parameters of rows that are not sent: %s", p.params)
	}
	if p.o.tokens && p.bodies > 0 {
		p.o.say("lines that are messages or bodies have no number of tokens, which only texts have: %d", p.bodies)
	}
	if p.special > 0 {
		p.o.say("prompts with special tokens in the text, which servers count differently, have no number of tokens: %d",
			p.special)
	}
	if p.broken > 0 {
		p.o.say("prompts with U+FFFD, which stands for what is not Unicode, such as half of a surrogate pair: %d", p.broken)
	}
	if p.answered > 0 {
		p.o.Tell("", "answered", "%d bodies end in an answer of the assistant, which is sent with them", p.answered)
	}
	if p.unseen > 0 {
		p.o.say("images, videos and sounds beside the messages are not sent: rows that have some: %d", p.unseen)
	}
}

func (p *prompts) reportLength() {
	var limits []string
	setting, unit := p.o.limits(), "characters"
	if p.o.TokenizerName != "" {
		unit = "tokens"
	}
	if p.o.MinPrompt != nil {
		limits = append(limits, fmt.Sprintf("fewer than %d %s", *p.o.MinPrompt, unit))
	}
	if p.o.MaxPrompt != nil {
		limits = append(limits, fmt.Sprintf("more than %d %s", *p.o.MaxPrompt, unit))
	}
	if p.target > 0 {
		setting, limits = "dataset-args", []string{fmt.Sprintf("shorter than target_input_len %d", p.target)}
	}
	if p.left > 0 {
		p.o.Tell(setting, "", "%d prompts left out: %s", p.left, strings.Join(limits, ", or "))
	}
	if p.bodies > 0 && len(limits) > 0 {
		p.o.say("%d lines are messages or bodies, which are taken whatever their length", p.bodies)
	}
}

// cut brings a text to the target length: a longer text is cut; a shorter one is padded with the prefix, kept or
// dropped.
func (p *prompts) cut(text string) (cut, system string, keep bool, err error) {
	tok, err := p.o.Tokenizer()
	if err != nil {
		return "", "", false, err
	}
	ids := tok.Encode(text)
	fill := func(ids []int, n int, cost func(string) int) string {
		text, have := atMost(tok, ids, n, cost)
		if have < n {
			p.below++
		}
		return text
	}
	plain := func(s string) int { return len(tok.Encode(s)) }
	switch {
	case len(ids) >= p.target:
		return fill(ids, p.target, plain), "", true, nil
	case p.drop:
		return "", "", false, nil
	case p.prefix == nil:
		return text, "", true, nil
	}
	missing := p.target - len(ids)
	padding := slices.Repeat(p.prefix, missing/len(p.prefix)+1)
	if p.role == "system" {
		return text, fill(padding, missing, plain), true, nil
	}
	return fill(padding, missing, func(s string) int { return len(tok.Encode(s+text)) - len(ids) }) + text, "", true, nil
}

// atMost returns the longest prefix of ids that costs at most n tokens as text, and its cost: text decoded from n
// tokens may encode to a different number.
func atMost(tok tokenizer.Tokenizer, ids []int, n int, cost func(string) int) (string, int) {
	best, most := "", -1
	for k, tries := n, 0; tries < 10; tries++ {
		k = max(0, min(k, len(ids)))
		text := strings.TrimRight(tok.Decode(ids[:k]), "\uFFFD")
		have := cost(text)
		if have <= n && have > most {
			best, most = text, have
		}
		if have == n || k == 0 {
			break
		}
		k += n - have
	}
	for k := n - 1; most < 0 && k > 0; k -= 1 + k/8 { // no attempt was within the limit
		text := strings.TrimRight(tok.Decode(ids[:min(k, len(ids))]), "\uFFFD")
		if have := cost(text); have <= n {
			return text, have
		}
	}
	return best, most
}
