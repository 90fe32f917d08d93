package tabular

import (
	"archive/tar"
	"fmt"
	"io"
	"iter"
	"path"
	"slices"
	"strings"
)

// keyColumn is the column with the key of a WebDataset sample: its path without the extension.
const keyColumn = "__key__"

// tarRows reads a WebDataset archive (https://github.com/webdataset/webdataset): consecutive files whose paths are the
// same up to the first dot of the base name are one row, with the rest of the name as the column: 000.jpg and 000.txt
// are {"__key__": "000", "jpg": …, "txt": …}.
func tarRows(r io.Reader, name string, columns []string) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		tr := tar.NewReader(r)
		var row map[string]any
		n := 0
		for {
			h, err := tr.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				yield(Row{}, fmt.Errorf("%s: %w", name, err))
				return
			}
			dir, base := path.Split(h.Name)
			stem, column, ok := strings.Cut(base, ".")
			if h.Typeflag != tar.TypeReg || !ok || stem == "" {
				continue // a folder, or a file of no sample
			}
			if key := dir + stem; row == nil || row[keyColumn] != key {
				if row != nil && !yield(Row{Values: row, N: n}, nil) {
					return
				}
				row = map[string]any{keyColumn: key}
				n++
			}
			if len(columns) > 0 && !slices.Contains(columns, column) {
				continue
			}
			b, err := io.ReadAll(tr)
			if err != nil {
				yield(Row{}, fmt.Errorf("%s: %s: %w", name, h.Name, err))
				return
			}
			row[column] = string(b)
		}
		if row != nil {
			yield(Row{Values: row, N: n}, nil)
		}
	}
}
