package cmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// chinesePages returns the Chinese pages by the English ones that they translate.
func chinesePages() map[string]string {
	return map[string]string{
		"../README.md":              "../README.zh-CN.md",
		"../docs/from-evalscope.md": "../docs/from-evalscope.zh-CN.md",
	}
}

// TestChinesePages checks that a translation has the code blocks of its original, and that each links the other.
// With -update the code blocks are copied, if their number is the same.
func TestChinesePages(t *testing.T) {
	for english, chinese := range chinesePages() {
		original, translation := read(t, english), read(t, chinese)
		want, _ := codeBlocks(original)
		got, rest := codeBlocks(translation)
		switch {
		case len(got) != len(want):
			t.Errorf("%s has %d code blocks, %s %d: translate what is new", chinese, len(got), english, len(want))
		case *update:
			for _, b := range want {
				rest = strings.Replace(rest, codeMark, b, 1)
			}
			if err := os.WriteFile(chinese, []byte(rest), 0o644); err != nil {
				t.Fatal(err)
			}
		default:
			for i := range got {
				if got[i] != want[i] {
					t.Errorf("%s differs from %s (go test ./cmd -run TestChinesePages -update):\n%swant\n%s", chinese, english,
						got[i], want[i])
				}
			}
		}
		if !strings.Contains(original, "]("+filepath.Base(chinese)+")") {
			t.Errorf("%s does not link %s", english, chinese)
		}
		if !strings.Contains(translation, "]("+filepath.Base(english)+")") {
			t.Errorf("%s does not link %s", chinese, english)
		}
	}
}

// codeMark stands for a code block in a document without them.
const codeMark = "\x00"

// codeBlocks returns the code blocks of a document, fenced or indented, and the document with marks in their places.
func codeBlocks(doc string) (all []string, rest string) {
	var block, text strings.Builder
	fenced, after := false, true // within a fence; after an empty line or code
	end := func() {
		all = append(all, block.String())
		block.Reset()
		text.WriteString(codeMark)
	}
	for line := range strings.Lines(doc) {
		fence := strings.HasPrefix(line, "```")
		indented := !fenced && !fence && strings.HasPrefix(line, "    ") && (after || block.Len() > 0)
		if block.Len() > 0 && !fenced && !indented {
			end()
		}
		switch {
		case fence && fenced:
			block.WriteString(line)
			end()
			fenced = false
		case fence || fenced || indented:
			block.WriteString(line)
			fenced = fenced || fence
		default:
			text.WriteString(line)
		}
		after = strings.TrimSpace(line) == ""
	}
	if block.Len() > 0 {
		end()
	}
	return all, text.String()
}
