// Package body writes the bodies of requests from what a dataset contains, a template, and the parameters that flags
// set.
package body

import (
	"github.com/goccy/go-json"

	"perfpipe/internal/api"
	"perfpipe/internal/fastjson"
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

	Members fastjson.Members // of Body; nil: not parsed yet
}

// Turn is one step of a conversation.
type Turn struct {
	Item
	DelayMs float64 // pause after the end of the previous turn
}
