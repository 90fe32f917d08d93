package tokenizer

import (
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	json "github.com/goccy/go-json"
	"golang.org/x/text/unicode/norm"
)

// tokenizerFile is a tokenizer.json. Truncation and padding are for training and ignored.
type tokenizerFile struct {
	AddedTokens   []addedEntry `json:"added_tokens"`
	Normalizer    *part        `json:"normalizer"`
	PreTokenizer  *part        `json:"pre_tokenizer"`
	PostProcessor *part        `json:"post_processor"`
	Decoder       *part        `json:"decoder"`
	Model         *modelEntry  `json:"model"`
}

type addedEntry struct {
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	Lstrip     bool   `json:"lstrip"`
	Rstrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
	Special    bool   `json:"special"`
}

// part is any normalizer, pre-tokenizer, decoder or post-processor.
type part struct {
	Type          string `json:"type"`
	Normalizers   []part `json:"normalizers"`
	PreTokenizers []part `json:"pretokenizers"`
	Decoders      []part `json:"decoders"`
	Processors    []part `json:"processors"`

	Pattern             *patternEntry `json:"pattern"`
	Behavior            behavior      `json:"behavior"`
	Invert              bool          `json:"invert"`
	Content             string        `json:"content"`
	Prepend             string        `json:"prepend"`
	StripLeft           bool          `json:"strip_left"`
	StripRight          bool          `json:"strip_right"`
	PrecompiledCharsmap string        `json:"precompiled_charsmap"`
	CleanText           bool          `json:"clean_text"`
	HandleChineseChars  bool          `json:"handle_chinese_chars"`
	StripAccents        *bool         `json:"strip_accents"`
	Lowercase           bool          `json:"lowercase"`
	AddPrefixSpace      *bool         `json:"add_prefix_space"`
	UseRegex            *bool         `json:"use_regex"`
	Replacement         string        `json:"replacement"`
	PrependScheme       string        `json:"prepend_scheme"`
	Split               *bool         `json:"split"`
	IndividualDigits    bool          `json:"individual_digits"`
	Delimiter           string        `json:"delimiter"`
	Length              *int          `json:"length"`
	Prefix              string        `json:"prefix"`
	Suffix              string        `json:"suffix"`
	Cleanup             bool          `json:"cleanup"`
	PadToken            string        `json:"pad_token"`
	WordDelimiterToken  string        `json:"word_delimiter_token"`
	Start               int           `json:"start"`
	Stop                int           `json:"stop"`

	Single        []templatePiece       `json:"single"`
	SpecialTokens map[string]specialIDs `json:"special_tokens"`
	Cls           []json.RawMessage     `json:"cls"`
	Sep           []json.RawMessage     `json:"sep"`
}

type patternEntry struct {
	String *string `json:"String"`
	Regex  *string `json:"Regex"`
}

type templatePiece struct {
	SpecialToken *struct {
		ID string `json:"id"`
	} `json:"SpecialToken"`
	Sequence *struct {
		ID string `json:"id"`
	} `json:"Sequence"`
}

type specialIDs struct {
	IDs []int `json:"ids"`
}

// readTokenizer returns the vocabulary of a tokenizer.json and the tokenizer_config.json beside it.
func readTokenizer(name string, data []byte, config tokenizerConfig) (*vocabulary, error) {
	var f tokenizerFile
	if !utf8.Valid(data) {
		return nil, fmt.Errorf("%s: not a tokenizer.json: it is not UTF-8", name)
	}
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("%s: not a tokenizer.json: %w", name, err)
	}
	f.complete(config)
	v, err := f.build()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	v.name = name
	return v, nil
}

func (f *tokenizerFile) build() (*vocabulary, error) {
	if f.Model == nil {
		return nil, errors.New("not a tokenizer.json: it has no model")
	}
	v := &vocabulary{literal: newAddedTokens(), inNormal: newAddedTokens(), special: map[int]bool{},
		hidden: map[int]bool{}}
	tokens, err := f.Model.build(v)
	if err != nil {
		return nil, err
	}
	proof := &proof{}
	if f.Normalizer != nil {
		if v.normalize, err = f.Normalizer.normalizer(proof); err != nil {
			return nil, err
		}
	}
	if err := f.preTokenizer(v, proof); err != nil {
		return nil, err
	}
	if err := f.distinct(); err != nil {
		return nil, err
	}
	if err := f.add(v, tokens); err != nil {
		return nil, err
	}
	if err := f.decoder(v); err != nil {
		return nil, err
	}
	if f.PostProcessor != nil {
		if v.before, v.after, err = f.PostProcessor.wrap(); err != nil {
			return nil, err
		}
	}
	v.prepends = proof.prepends
	v.splits = proof.holds(v)
	return v, nil
}

// distinct returns an error if an added token occurs twice with different options.
func (f *tokenizerFile) distinct() error {
	seen := map[string]addedEntry{}
	for _, e := range f.AddedTokens {
		if other, ok := seen[e.Content]; ok && other != e {
			return fmt.Errorf("the added token %q is there twice, with different options", e.Content)
		}
		seen[e.Content] = e
	}
	return nil
}

// add adds the added tokens to v. As in the reference, a token that the model lacks gets the next free id, whatever
// the file states.
func (f *tokenizerFile) add(v *vocabulary, ids *index) error {
	next, known, special := len(ids.texts), map[string]int{}, map[string]bool{}
	if m, ok := v.model.(*unigram); ok {
		next = len(m.scores) // it may contain a token twice
	}
	for _, e := range f.AddedTokens {
		if e.Content == "" {
			continue
		}
		id, ok := known[e.Content]
		if !ok {
			if n, in := ids.get(e.Content); in {
				id = int(n)
			} else {
				id = next
				next++
			}
		}
		known[e.Content] = id
		t := addedToken{id: id, content: e.Content, singleWord: e.SingleWord, lstrip: e.Lstrip, rstrip: e.Rstrip,
			special: e.Special}
		pattern := e.Content
		v.hidden[id] = true
		if e.Special {
			special[e.Content] = true
		}
		for id >= len(v.texts) {
			v.texts = append(v.texts, "")
		}
		if v.texts[id] = e.Content; !e.Normalized {
			v.literal.add(pattern, t)
			continue
		}
		if v.normalize != nil {
			if pattern, _ = v.normalize(pattern); pattern == "" {
				return fmt.Errorf("the normalizer leaves nothing of the added token %q", e.Content)
			}
			v.texts[id] = pattern // decoders undo normalisation
		}
		v.inNormal.add(pattern, t)
	}
	for id := range v.hidden { // a normalised token is not known to be special
		v.special[id] = special[v.texts[id]]
	}
	return errors.Join(v.literal.seal(), v.inNormal.seal())
}

func (p *part) unknown(what string) error {
	if p.Type == "" {
		return fmt.Errorf("a %s has no type", what)
	}
	return fmt.Errorf("the %s %q is not known", what, p.Type)
}

// compile compiles the pattern of a part.
func (p *part) compile() (*pattern, error) {
	switch {
	case p.Pattern != nil && p.Pattern.Regex != nil:
		return compilePattern(*p.Pattern.Regex)
	case p.Pattern != nil && p.Pattern.String != nil:
		return newPattern(literalPattern(*p.Pattern.String))
	}
	return nil, fmt.Errorf("the pattern of %s is neither a String nor a Regex", p.Type)
}

func (p *part) normalizer(proof *proof) (normalizer, error) {
	switch p.Type {
	case "Sequence":
		var all []normalizer
		for i := range p.Normalizers {
			n, err := p.Normalizers[i].normalizer(proof)
			if err != nil {
				return nil, err
			}
			all = append(all, n)
		}
		return steps(all), nil
	case "NFC":
		return unicodeForm(norm.NFC), nil
	case "NFD":
		return unicodeForm(norm.NFD), nil
	case "NFKC":
		return unicodeForm(norm.NFKC), nil
	case "NFKD":
		return unicodeForm(norm.NFKD), nil
	case "Nmt":
		return mapRunes(nmt), nil
	case "Lowercase":
		return lowercase(), nil
	case "StripAccents":
		return dropRunes(namedSet("accent")), nil
	case "Strip":
		return stripSpace(p.StripLeft, p.StripRight), nil
	case "Prepend":
		proof.prepend(p.Prepend)
		return prepend(p.Prepend), nil
	case "Replace":
		pat, err := p.compile()
		if err != nil {
			return nil, err
		}
		proof.replace(p)
		return replace(pat, p.Content), nil
	case "BertNormalizer", "Bert":
		accents := p.Lowercase
		if p.StripAccents != nil {
			accents = *p.StripAccents
		}
		return bertNormalizer(p.CleanText, p.HandleChineseChars, accents, p.Lowercase), nil
	case "Precompiled":
		m, err := newCharsMap(p.PrecompiledCharsmap)
		if err != nil {
			return nil, err
		}
		proof.charsMap(m)
		return m.normalize, nil
	case "ByteLevel":
		proof.opaque = true
		to := byteLevel()
		return func(s string) (string, bool) { return to(s), false }, nil
	}
	return nil, p.unknown("normalizer")
}

// metaspace returns the scheme of a Metaspace part, and whether it splits.
func (p *part) metaspace() (cut bool, scheme string, err error) {
	scheme = p.PrependScheme
	if scheme == "" {
		scheme = "always"
	}
	if p.AddPrefixSpace != nil && !*p.AddPrefixSpace {
		if p.PrependScheme != "" && p.PrependScheme != "never" {
			return false, "", errors.New("in Metaspace add_prefix_space contradicts prepend_scheme")
		}
		scheme = "never"
	}
	if !slices.Contains([]string{"always", "first", "never"}, scheme) {
		return false, "", fmt.Errorf("the prepend_scheme %q of Metaspace is not known", scheme)
	}
	if p.Replacement == "" {
		return false, "", errors.New("the Metaspace has no replacement")
	}
	return p.Split == nil || *p.Split, scheme, nil
}
