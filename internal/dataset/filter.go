package dataset

import "unicode/utf8"

// fits says whether a text is within the limits of length.
func (o *Options) fits(text string) (bool, error) {
	if o.MinPrompt == nil && o.MaxPrompt == nil {
		return true, nil
	}
	n := utf8.RuneCountInString(text)
	if o.TokenizerName != "" {
		tok, err := o.Tokenizer()
		if err != nil {
			return false, err
		}
		n = len(tok.Encode(text))
	}
	return (o.MinPrompt == nil || n >= *o.MinPrompt) && (o.MaxPrompt == nil || n <= *o.MaxPrompt), nil
}
