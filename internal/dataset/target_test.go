package dataset

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"perfpipe/internal/dataset/body"
	"perfpipe/internal/tokenizer"
)

// target_input_len is never exceeded, whatever the vocabulary makes of a text that was cut, and hardly ever missed.
func TestTargetIsACap(t *testing.T) {
	texts := strings.Join([]string{strings.Repeat("naïve café 👩‍👩‍👧‍👦 ", 20), strings.Repeat("a", 300),
		strings.Repeat(" ", 40) + "x " + strings.Repeat("\t", 90),
		strings.Repeat("漢字かな交じり文", 30), strings.Repeat("🙂", 100), strings.Repeat("=-", 200), "short"}, "\n")
	prefix := write(t, "prefix.txt", "Once upon a time 👩‍👩‍👧‍👦 there was")
	for _, name := range []string{"o200k_base", "cl100k_base", "r50k_base"} {
		tok := open(t, name)
		for _, target := range []int{1, 2, 3, 7, 50, 64} {
			for _, role := range []string{"", "system", "user"} {
				for _, ids := range []bool{false, true} {
					args := fmt.Sprintf(`{"target_input_len":%d}`, target)
					if role != "" {
						args = fmt.Sprintf(`{"target_input_len":%d,"prefix_file":%q,"prefix_role":%q}`, target, prefix, role)
					}
					o := &Options{Paths: []string{write(t, "a.txt", texts)}, Number: All, Args: []byte(args), TokenizerName: name,
						TokenIDs:  ids,
						Tokenizer: func() (tokenizer.Tokenizer, error) { return tok, nil }}
					lines, errs := gather(t, "custom", o, &body.Shape{})
					if errs != nil || len(lines) != 7 {
						t.Fatalf("%s: %d lines, %v", args, len(lines), errs)
					}
					for _, line := range lines {
						n := len(gjson.Get(line, "prompt").Array())
						for _, m := range gjson.Get(line, "messages").Array() {
							n += len(tok.Encode(m.Get("content").Str))
						}
						if n > target || n == 0 && target > 3 {
							t.Errorf("%s: %s: %d tokens: %s", name, args, n, line)
						}
					}
				}
			}
		}
	}
}
