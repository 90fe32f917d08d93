package dataset

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"perfpipe/internal/dataset/body"
)

// traceLine is a line of lengths with hashes.
func traceLine(in int, hashes ...string) string {
	return fmt.Sprintf(`{"timestamp":0,"input_length":%d,"output_length":1,"hash_ids":[%s]}`, in,
		strings.Join(hashes, ","))
}

func TestBlockSize(t *testing.T) {
	for _, c := range []struct {
		name  string
		size  int // named
		lines []string
		share int // tokens that the first two prompts share
		said  string
		fails string
	}{
		{"the format's", 0, []string{traceLine(1024, "1", "2"), traceLine(1024, "1", "3")}, 512, "", ""},
		{"the format's, full blocks alone", 0, []string{traceLine(1100, "1", "2"), traceLine(1100, "1", "3")}, 512, "", ""},
		{"named", 100, []string{traceLine(200, "1", "2"), traceLine(150, "1", "3")}, 100, "", ""},
		{"found", 0, []string{traceLine(640, "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"), traceLine(128, "1", "12")},
			64, "blocks of 64 tokens", ""},
		{"found, no power of two", 0, []string{traceLine(300, "1", "2", "3"), traceLine(101, "1", "4"), traceLine(100, "1")},
			100, "blocks of 100 tokens", ""},
		{"contradicted by the data", 0, []string{traceLine(640, "1", "2", "3", "4"), traceLine(2048, "1", "12")}, 0, "",
			"4 hash_ids are not those of 640 tokens in blocks of 512"},
		{"contradicted by the user", 16, []string{traceLine(1024, "1", "2")}, 0, "", "in blocks of 16"},
		{"no hashes", 0, []string{traceLine(100), traceLine(100)}, 0, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var said []string
			o := text(strings.Join(c.lines, "\n"))
			o.BlockSize, o.TokenIDs = c.size, true
			o.Tell = func(_, _, format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
			source, err := Open(t.Context(), "trace", o, &body.Shape{})
			if err != nil {
				t.Fatal(err)
			}
			var prompts [][]gjson.Result
			var errs []string
			for r, err := range source {
				if err != nil {
					errs = append(errs, err.Error())
					continue
				}
				prompts = append(prompts, gjson.GetBytes(r.Body, "prompt").Array())
			}
			all := strings.Join(errs, "\n")
			if (c.fails == "") != (errs == nil) || !strings.Contains(all, c.fails) ||
				!strings.Contains(strings.Join(said, "\n"), c.said) {
				t.Fatalf("said %q, failed %q", said, errs)
			}
			if c.fails != "" {
				return
			}
			n := 0
			for n < len(prompts[0]) && n < len(prompts[1]) && prompts[0][n].Raw == prompts[1][n].Raw {
				n++
			}
			if n != c.share {
				t.Errorf("the prompts share %d tokens, want %d", n, c.share)
			}
		})
	}
}

// Hashes that differ have texts that differ, and the same have the same.
func TestHashesStayApart(t *testing.T) {
	hashes := []string{"0", "1", "-1", "9223372036854775807", "-9223372036854775808", "18446744073709551614",
		"18446744073709551615",
		"18446744073709551616", `"1"`, `"-1"`, `"a"`, `"b"`, `"18446744073709551615"`, "1.5", `""`}
	var log []string
	for _, h := range hashes {
		log = append(log, traceLine(8, h), traceLine(8, h))
	}
	o := text(strings.Join(log, "\n"))
	o.TokenIDs = true
	seen := map[string]string{}
	for i, line := range lines(t, "trace", o) {
		prompt, hash := gjson.Get(line, "body.prompt").Raw, hashes[i/2]
		if other, ok := seen[prompt]; ok && other != hash {
			t.Errorf("%s and %s are the same text", hash, other)
		}
		seen[prompt] = hash
	}
	if len(seen) != len(hashes) {
		t.Errorf("%d texts of %d hashes", len(seen), len(hashes))
	}
}
