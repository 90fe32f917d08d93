// Package tokenizer turns text into the token ids of a model's vocabulary and back.
package tokenizer

import "iter"

// Tokenizer is one vocabulary. It is safe for use by several goroutines at once.
type Tokenizer interface {
	// Name is the vocabulary's, for messages: o200k_base, or the file it was read from.
	Name() string
	// Encode gives the ids of text. Special tokens that stand in the text as words are read as ordinary text, and
	// none are added. Bytes that are no UTF-8 are read as U+FFFD.
	Encode(text string) []int
	// Decode gives the text of ids. Bytes that are no whole character become U+FFFD; an id that the vocabulary lacks
	// is nothing.
	Decode(ids []int) string
}

// Lexicon is what random prompts need to know of a vocabulary. Every Tokenizer of Open has it.
//
// Where SpaceSplits holds, text made of words that hold no white space, joined by single spaces, costs the sum of what
// its words cost. A token t with the bytes s is such a word if Encode of " " + w is [t], w being s without one leading
// space; where PrependsSpace holds, if Encode of w is, and the text must then not begin with a space. That one test
// sorts out all else: normalisation, tokens that no text leads to, pieces of words (BERT's "##ing" is "ing" here, and
// encodes to another token).
type Lexicon interface {
	// Tokens are the ordinary tokens by rising id, each with the bytes it stands for in a text. Special and added
	// tokens are left out. So are, where SpaceSplits holds but for few tokens (Gemma's "> </"), those that end as the
	// left part of such a token does.
	Tokens() iter.Seq2[int, string]
	// SpaceSplits says that a token provably never spans the boundary before a single space between two other
	// characters: the tokens of a + " " + b are those of a, then those of " " + b as they are within a text.
	SpaceSplits() bool
	// PrependsSpace says that a text is encoded as if a space stood before its first word (SentencePiece's dummy
	// prefix).
	PrependsSpace() bool
}

// Special is how a server reads a prompt. Every Tokenizer of Open has it.
type Special interface {
	// EncodeSpecial gives the ids of text, in which special tokens stand for themselves; with wrap it puts before and
	// after them what the vocabulary's post-processor does, a begin-of-text token for example. That is what a server
	// does with a completion's prompt; a chat template writes those tokens itself, so for its text wrap is false.
	EncodeSpecial(text string, wrap bool) []int
	// TokenID is the id of a special or added token.
	TokenID(token string) (int, bool)
}
