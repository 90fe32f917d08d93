package report

import "perfpipe/internal/lang"

// words translates the English texts of a page. The zero value leaves them as they are.
type words struct{ lang.Words }

// tr returns a text in the language.
func (w words) tr(text string) string { return w.Text(text) }

// trf returns a format in the language with its values.
func (w words) trf(format string, args ...any) string { return w.Format(format, args...) }
