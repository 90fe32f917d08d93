package dataset

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"perfpipe/internal/dataset/body"
	"perfpipe/internal/fault"
	"perfpipe/internal/tokenizer"
)

// write makes a file in a new folder.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// logged returns Options.Tell that writes to the log of a test.
func logged(t *testing.T) func(setting, reason, format string, args ...any) {
	return func(_, _, format string, args ...any) { t.Logf(format, args...) }
}

// shown returns the text of an error as a command shows it, with the setting that it is about.
func shown(err error) string {
	if e, ok := errors.AsType[*fault.Error](err); ok && e.Setting != "" {
		return e.Setting + ": " + err.Error()
	}
	return err.Error()
}

// gather collects the lines of a source, and its errors.
func gather(t *testing.T, name string, o *Options, shape *body.Shape) (lines []string, errs []error) {
	t.Helper()
	if o.Tell == nil {
		o.Tell = logged(t)
	}
	o.Input = input
	source, err := Open(t.Context(), name, o, shape)
	if err != nil {
		return nil, []error{err}
	}
	for r, err := range source {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		line, err := r.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(line))
	}
	return lines, errs
}

// An error of the vocabulary ends the run, whatever it is used for. It is no bad line, and never nothing.
func TestVocabularyError(t *testing.T) {
	broken := errors.New("broken vocabulary")
	chat := `{"messages":[{"role":"user","content":"hello"}]}`
	for _, c := range []struct {
		dataset, file, text string
		o                   Options
	}{
		{"line_by_line", "a.txt", "hello\n", Options{MaxPrompt: ptr(5)}},
		{"line_by_line", "a.txt", "hello\n", Options{TokenIDs: true}},
		{"custom", "a.txt", "hello\n", Options{MinPrompt: ptr(1)}},
		{"custom", "a.txt", "hello\n", Options{Args: []byte(`{"target_input_len":5}`)}},
		{"text", "a.jsonl", `{"text":"hello"}`, Options{MaxPrompt: ptr(5)}},
		{"openqa", "a.jsonl", `{"question":"hello"}`, Options{MaxPrompt: ptr(5)}},
		{"longalpaca", "a.json", `[{"instruction":"hello"}]`, Options{MaxPrompt: ptr(5)}},
		{"embedding", "a.txt", "hello\n", Options{MaxPrompt: ptr(5)}},
		{"embedding_batch", "a.txt", "hello\n", Options{MaxPrompt: ptr(5)}},
		{"share_gpt_en", "a.jsonl", chat, Options{MaxPrompt: ptr(5)}},
		{"custom_multi_turn", "a.jsonl", chat, Options{MaxPrompt: ptr(5)}},
		{"swe_smith", "a.jsonl", chat, Options{}},
		{"sonnet", "a.txt", "hello\n", Options{Number: 1}},
		{"random", "a.txt", "", Options{Number: 1}},
		{"trace", "a.jsonl", `{"timestamp":0,"input_length":9,"output_length":1,"hash_ids":[1]}`, Options{}},
		{"trace", "a.jsonl", `{"prompt":"a","output_tokens":1}`, Options{TokenIDs: true}},
	} {
		t.Run(c.dataset, func(t *testing.T) {
			c.o.Paths, c.o.TokenizerName = []string{write(t, c.file, c.text)}, "broken"
			c.o.Tokenizer = func() (tokenizer.Tokenizer, error) { return nil, broken }
			if c.o.Number == 0 {
				c.o.Number = All
			}
			lines, errs := gather(t, c.dataset, &c.o, &body.Shape{})
			if len(lines) > 0 || len(errs) != 1 || !errors.Is(errs[0], broken) {
				t.Fatalf("%d lines, errors %v", len(lines), errs)
			}
			if _, ok := errors.AsType[*setupError](errs[0]); !ok {
				t.Errorf("%v is not an error of the set-up", errs[0])
			}
		})
	}
}

// A dataset names no files outside of its own folder.
func TestFilesOfADataset(t *testing.T) {
	for _, name := range []string{"../secret.png", "/etc/passwd", "a/../../secret.png"} {
		for dataset, line := range map[string]string{
			"kontext_bench":    `{"file_name":"NAME"}`,
			"mmmu_multi_image": `{"question":"<image 1>","image_1":"NAME","image_2":"NAME"}`,
		} {
			o := &Options{Paths: []string{write(t, "metadata.jsonl", strings.ReplaceAll(line, "NAME", name))}, Number: All}
			lines, errs := gather(t, dataset, o, &body.Shape{})
			if len(lines) > 0 || len(errs) != 1 || !strings.Contains(errs[0].Error(), "outside") {
				t.Errorf("%s: %s: %d lines, errors %v", dataset, name, len(lines), errs)
			}
		}
	}
}
