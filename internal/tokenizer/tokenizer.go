// Package tokenizer converts text to the token ids of a model's vocabulary and back, exactly as the reference does: the
// Python packages tokenizers and tiktoken.
//
// A vocabulary is a pipeline, as in Hugging Face's files: added tokens, a normalizer, a pre-tokenizer that splits text
// into words, a model that encodes each word (BPE, Unigram, WordPiece, WordLevel), and a decoder.
//
// Patterns have an engine of their own (pattern.go, class.go, scan.go). Exactness needs its parser in any case: it
// reads the syntax of Oniguruma with the character tables of the reference, whose Unicode version is not Go's. The
// scanner then takes between a third (o200k) and a ninth (GPT-2) of regexp2's time for the same parsed pattern. regexp2
// runs the patterns that repeat groups, which no well-known vocabulary has.
//
// Package chattemplate renders chat templates.
package tokenizer

import "iter"

// Tokenizer encodes and decodes text with one vocabulary. It is safe for concurrent use.
type Tokenizer interface {
	// Name returns the name of the vocabulary for messages: o200k_base, or the file it was read from.
	Name() string
	// Encode returns the token ids of text. Special tokens that occur in the text are encoded as ordinary text, and none
	// are added. Bytes that are not UTF-8 are read as U+FFFD.
	Encode(text string) []int
	// Decode returns the text of ids. Bytes that are not a whole character become U+FFFD; an unknown id is ignored.
	Decode(ids []int) string
}

// Lexicon describes the properties of a vocabulary that random prompts rely on. Every Tokenizer returned by Open
// implements it.
//
// If SpaceSplits holds, the length of a text of words without white space, joined by single spaces, is the sum of the
// lengths of its words. A token t with the bytes s is a word of length one if Encode(" " + w) is [t], where w is s
// without one leading space; or, if PrependsSpace holds, if Encode(w) is, and then the text must not begin with a
// space. This test excludes everything else: normalisation, tokens that no text leads to, and parts of words (BERT's
// "##ing" is "ing" here, and encodes to another token).
type Lexicon interface {
	// Tokens returns the ordinary tokens by ascending id, each with the bytes that it stands for in a text. Special and
	// added tokens are excluded. If SpaceSplits holds except for a few tokens (Gemma's "> </"), tokens that end like the
	// left part of such a token are excluded, too.
	Tokens() iter.Seq2[int, string]
	// SpaceSplits reports whether provably no token spans the boundary before a single space between two other
	// characters: the tokens of a + " " + b are those of a, followed by those of " " + b within a text.
	SpaceSplits() bool
	// PrependsSpace reports whether a text is encoded as if it began with a space (SentencePiece's dummy prefix).
	PrependsSpace() bool
}

// Special encodes text as a server encodes a prompt. Every Tokenizer returned by Open implements it.
type Special interface {
	// EncodeSpecial returns the ids of text in which special tokens stand for themselves. With wrap it adds the tokens of
	// the vocabulary's post-processor, such as a begin-of-text token. A server does so for the prompt of a completion; a
	// chat template contains those tokens itself, so for its text wrap is false.
	EncodeSpecial(text string, wrap bool) []int
}
