// Package body writes the bodies of requests from what a dataset contains, a template, and the parameters that flags
// set.
package body

import (
	"fmt"

	"github.com/goccy/go-json"

	"perfpipe/internal/api"
	"perfpipe/internal/fastjson"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/request"
)

// Item is the content of a request before its body is made: Text, In or Body, or Turns. It is valid until the next one
// is made.
type Item struct {
	Text   []byte          // a prompt, escaped as in a JSON string
	In     *api.Input      // any other input of an API
	Body   json.RawMessage // a whole body
	Own    []api.Param     // parameters in the data; flags that the user set override them
	Bare   bool            // add no defaults
	Length bool            // its max_tokens overrides the flag, which is for items without one

	Tokens int // tokens in Text or In, without a template's; 0: unknown

	Turns []Turn          // of a conversation
	Line  request.Request // the other keys of an envelope
	Place Place           // the line from which it was made; the zero Place: none

	Members fastjson.Members // of Body; nil: not parsed yet
}

// Place is a line or a row of a file.
type Place struct {
	File string
	N    int  // from 1
	Row  bool // N counts rows, not lines
}

// Wrong returns an error that names the place.
func (p Place) Wrong(err error) error {
	if p.Row {
		err = fmt.Errorf("row: %w", err)
	}
	return &jsonl.LineError{File: p.File, Line: p.N, Err: err}
}

// Turn is one step of a conversation.
type Turn struct {
	Item
	DelayMs float64 // pause after the end of the previous turn
}
