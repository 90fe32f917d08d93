package format

import (
	"bytes"
	"io"

	"perfpipe/internal/compare"
	"perfpipe/internal/define"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/stats"
	"perfpipe/internal/visible"
)

func jsonSummary(w io.Writer, s *stats.Summary, _ Options) error { return writeJSON(w, s) }

func jsonComparison(w io.Writer, c *compare.Comparison, _ Options) error { return writeJSON(w, c) }

func jsonDefinitions(w io.Writer, _ []define.Definition, blocks []define.Block, _ Options) error {
	return writeJSON(w, map[string]any{"format": "perfpipe-definitions/1", "blocks": blocks})
}

// writeJSON writes v as one line in which control characters are escaped, so that a terminal may show it.
func writeJSON(w io.Writer, v any) error {
	var b bytes.Buffer
	if err := jsonl.NewWriter(&b).Write(v); err != nil {
		return err
	}
	_, err := w.Write(visible.JSON(b.Bytes()))
	return err
}
