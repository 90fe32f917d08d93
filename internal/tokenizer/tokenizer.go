// Package tokenizer turns text into the token ids of a model's vocabulary and back.
package tokenizer

// Tokenizer is one vocabulary. It is safe for use by several goroutines at once.
type Tokenizer interface {
	// Name is the vocabulary's, for messages: o200k_base, or the file it was read from.
	Name() string
	// Encode gives the ids of text. Special tokens that stand in the text as words are read as ordinary text, and
	// none are added.
	Encode(text string) []int
	// Decode gives the text of ids. Bytes that are no whole character become U+FFFD.
	Decode(ids []int) string
}
