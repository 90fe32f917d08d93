// Package body writes the bodies of requests: it combines what the data contains, a template and the parameters that
// flags set.
package body

import (
	"github.com/goccy/go-json"

	"perfpipe/internal/api"
	"perfpipe/internal/fastjson"
	"perfpipe/internal/request"
)

// Item is what one request says, before Shape makes a body of it: Text, In or Body, or Turns. It is valid until the
// next one is made.
type Item struct {
	Text   []byte          // a prompt, as the inside of a JSON string
	In     *api.Input      // what is no single text
	Body   json.RawMessage // a whole body
	Own    []api.Param     // parameters that the data says; flags that were typed override them
	Bare   bool            // no default values are added
	Length bool            // its own max_tokens stands above a typed flag, which is for items that have none

	Tokens int // that Text or In was made of, without a template's; 0: not known

	Turns []Turn          // of a conversation
	Line  request.Request // an envelope's other keys

	Members fastjson.Members // of Body; nil: not known
}

// Turn is one step of a conversation.
type Turn struct {
	Item
	DelayMs float64 // waited after the previous turn's end
}
