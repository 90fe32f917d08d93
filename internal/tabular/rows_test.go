package tabular

import (
	"archive/tar"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/parquet-go/parquet-go"

	"perfpipe/internal/jsonl"
)

// all writes each item on a line: its JSON, or ! and the error.
func all(seq iter.Seq2[Row, error]) string {
	var b strings.Builder
	for row, err := range seq {
		if err != nil {
			fmt.Fprintf(&b, "! %v\n", err)
			continue
		}
		line, err := json.Marshal(row.Values)
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(&b, "%s\n", line)
	}
	return b.String()
}

func TestText(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		columns  []string
		want     string
	}{
		{"a.jsonl", "\uFEFF{\"a\":1}\r\n\n{\"a\":\"x\"}", nil, "{\"a\":1}\n{\"a\":\"x\"}\n"},
		{"a.ndjson", `{"a":1,"b":[{"c":null}]}`, []string{"b", "z"}, "{\"b\":[{\"c\":null}]}\n"},
		{"a.jsonl", "{\"a\":1}\n{\"a\":\n[1]\n{\"a\":2}\n", []string{"a"},
			"{\"a\":1}\n! a.jsonl:2: not valid JSON: *\n! a.jsonl:3: not a JSON object: \"[1]\"\n{\"a\":2}\n"},
		{"a.json", ` [ {"a":1,"b":2} , {"a":[]} ] `, []string{"a"}, "{\"a\":1}\n{\"a\":[]}\n"},
		{"a.json", `[]`, nil, ""},
		{"a.json", `[{"a":1},`, nil, "{\"a\":1}\n! a.json:1: not valid JSON: the array is not closed\n"},
		{"a.json", `[{"a":1}`, nil, "{\"a\":1}\n! a.json:1: not valid JSON: the array is not closed\n"},
		{"a.json", `[{"a":1}, 7]`, nil, "{\"a\":1}\n! a.json:1: not a JSON object: \"7\"\n"},
		{"a.json", "{\n \"a\": 1\n}\n{\"a\":2}", nil, "{\"a\":1}\n{\"a\":2}\n"},
		{"stdin", `[{"a":1}]`, nil, "{\"a\":1}\n"},
		{"stdin", "{\"a\":1}\n{\"a\":2}", nil, "{\"a\":1}\n{\"a\":2}\n"},
		{"a.jsonl", "", nil, ""},
		{"a.csv", "a,b\n1,\"x\ny\"\n2,z\n", nil, "{\"a\":\"1\",\"b\":\"x\\ny\"}\n{\"a\":\"2\",\"b\":\"z\"}\n"},
		{"a.csv", "\uFEFFa,b\n1,2\n3\n4,5\n", []string{"a"}, "{\"a\":\"1\"}\n{\"a\":\"3\"}\n{\"a\":\"4\"}\n"},
		{"a.csv", "a,b\n1,2\n", []string{"c"}, "! a.csv: no column \"c\"; it has a, b\n"},
		{"a.csv", "a\n\"x\n", nil, "! a.csv:2: a quoted field is not closed\n"},
		{"a.csv", "", nil, ""},
		{"a.csv", "sep=;\r\na;b\r\n1;2,5\r\n1;2;3\r\n", nil, "{\"a\":\"1\",\"b\":\"2,5\"}\n! a.csv:4: 3 fields: *"},
		{"a.csv", "a,b,a\n1,2,3\n", []string{"a"}, "! a.csv: two columns are named \"a\"\n"},
		{"a.csv", "a,b,a\n1,2,3\n", []string{"b"}, "{\"b\":\"2\"}\n"},
		{"a.csv", "a,b\n1,he said \"hi\"\n2,\"x\"y\n\n3,\"\"\"q\"\"\"\n", nil,
			"{\"a\":\"1\",\"b\":\"he said \\\"hi\\\"\"}\n{\"a\":\"2\",\"b\":\"xy\"}\n{\"a\":\"3\",\"b\":\"\\\"q\\\"\"}\n"},
		{"a.csv", "a,b\r\n1,\"open\r\n2,x\r\n3,y\r\n", nil,
			"! a.csv:2: a quoted field is not closed\n{\"a\":\"2\",\"b\":\"x\"}\n{\"a\":\"3\",\"b\":\"y\"}\n"},
		{"a.csv", "a,b\n1,2,3\n4,5\n", nil, "! a.csv:2: 3 fields: *{\"a\":\"4\",\"b\":\"5\"}\n"},
		{"a.csv", "a;b\n1;2,5\n", nil, "{\"a\":\"1\",\"b\":\"2,5\"}\n"},
		{"a.csv", "a;b\r1;2,5\r", nil, "{\"a\":\"1\",\"b\":\"2,5\"}\n"},
		{"a.csv", "a;\"b, c\"\n1;2,5\n", nil, "{\"a\":\"1\",\"b, c\":\"2,5\"}\n"},
		{"a.csv", "\"a;b\",c\n1;,2\n", nil, "{\"a;b\":\"1;\",\"c\":\"2\"}\n"},
		{"a.csv", "a,b\n\"1 \\\"x\\\" y\",2\n\"C:\\\",\"\"3\n", nil,
			"! a.csv:2: a quote within quotes is written *{\"a\":\"C:\\\\\",\"b\":\"3\"}\n"},
		{"a.csv", "a,b\r1,2\r\"3\r\",4\r", nil, "{\"a\":\"1\",\"b\":\"2\"}\n{\"a\":\"3\\r\",\"b\":\"4\"}\n"},
		{"a.csv", "a\n\xc1\xbf\xd7\xd3\nok\n", nil, "! a.csv:2: not in UTF-8: it looks like GBK\n{\"a\":\"ok\"}\n"},
		{"a.tsv", "a\tb\n\"x\ty\"\t\"2\"\n", nil, "{\"a\":\"x\\ty\",\"b\":\"2\"}\n"},
		{"a.jsonl", "[\n{\"a\":1},\n{\"a\":NaN}\n]\n", nil, "{\"a\":1}\n{\"a\":null}\n"},
		{"a.jsonl", "[\n{\"a\":1},\n{\"a\":2}\n", nil,
			"{\"a\":1}\n{\"a\":2}\n! a.jsonl:4: not valid JSON: the array is not closed\n"},
		{"a.jsonl", "\n\n{\"a\":\"caf\xe9\"}\n{\"a\":-Infinity}\n", nil,
			"! a.jsonl:3: not in UTF-8: it looks like LATIN1\n{\"a\":null}\n"},
		{"a.json", "{\"a\":[1,\n2]}\n", nil, "{\"a\":[1,2]}\n"},
		{"a.tsv", "a\tb\nsaid \"so\"\t2\n", nil, "{\"a\":\"said \\\"so\\\"\",\"b\":\"2\"}\n"},
		{"a.txt", "hello", nil, "! a.txt: neither Parquet, JSON, JSONL, CSV, TSV nor WebDataset: it begins with \"hello\"\n"},
		{"stdin", "PAR1....", nil, "! stdin: a Parquet input must be a file, not a pipe\n"},
	} {
		for _, zip := range []bool{false, true} {
			var in bytes.Buffer
			name := tt.name
			if zip {
				z := gzip.NewWriter(&in)
				io.WriteString(z, tt.in)
				z.Close()
				name += ".gz"
			} else {
				in.WriteString(tt.in)
			}
			got := strings.ReplaceAll(all(Read(&in, name, tt.columns...)), name, tt.name)
			if before, after, ok := strings.Cut(tt.want, "*"); ok { // the decoder's own words
				if !strings.HasPrefix(got, before) || !strings.HasSuffix(got, after) {
					t.Errorf("%s %q:\n got %s\nwant %s", name, tt.in, got, tt.want)
				}
			} else if got != tt.want {
				t.Errorf("%s %q:\n got %s\nwant %s", name, tt.in, got, tt.want)
			}
		}
	}
}

// TestLongLine: a line that is longer than the buffer is read whole.
func TestLongLine(t *testing.T) {
	cell := strings.Repeat("0123456789abcdef", 20_000)
	n := 0
	for row, err := range Read(strings.NewReader("a,b\n1,"+cell+"\n2,"+cell+"\n"), "a.csv") {
		if n++; err != nil || row.Values["b"] != cell || row.N != n+1 {
			t.Errorf("row %d, line %d: %.40q, %v", n, row.N, row.Values["b"], err)
		}
	}
	if n != 2 {
		t.Errorf("%d rows", n)
	}
}

func TestLineError(t *testing.T) {
	for _, err := range Read(strings.NewReader("{}\n{"), "f.jsonl") {
		if le, ok := errors.AsType[*jsonl.LineError](err); err != nil && (!ok || le.Line != 2 || le.File != "f.jsonl") {
			t.Errorf("%T %v", err, err)
		}
	}
}

func TestParquet(t *testing.T) {
	want := []map[string]any{
		{
			"question": "a", "n": int64(1), "small": int64(1), "half": 1.5, "yes": true,
			"conversations": []any{map[string]any{"from": "human", "value": "hi"}, map[string]any{"from": "gpt", "value": nil}},
			"image":         map[string]any{"bytes": "\x89PNG", "path": "x.png"}, "tags": []any{"x", "y"},
			"nested": []any{[]any{int64(1), int64(2)}, []any{int64(3)}}, "map": map[string]any{"k": int64(1)},
			"large": "big", "dict": "u", "at": "2020-01-02T03:04:05Z", "price": 1.25, "raw": "\x00\xff",
		},
		{
			"question": "日本", "n": int64(1<<53 + 1), "small": int64(255), "half": nil, "yes": false,
			"conversations": []any{}, "image": nil, "tags": []any{nil}, "nested": []any{[]any{}}, "map": map[string]any{},
			"large": nil, "dict": "v", "at": nil, "price": nil, "raw": nil,
		},
		{
			"question": nil, "n": nil, "small": nil, "half": 2.0, "yes": nil, "conversations": nil,
			"image": map[string]any{"bytes": nil, "path": nil}, "tags": nil, "nested": nil, "map": nil,
			"large": "x", "dict": "u", "at": nil, "price": nil, "raw": "",
		},
	}
	var got []map[string]any
	for row, err := range File("testdata/every.parquet") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, row.Values)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %#v\nwant %#v", got, want)
	}
	equal(t, all(File("testdata/every.parquet", "dict", "tags")),
		`{"dict":"u","tags":["x","y"]}`+"\n"+`{"dict":"v","tags":[null]}`+"\n"+`{"dict":"u","tags":null}`+"\n")
	equal(t, all(File("testdata/every.parquet", "no")), "! testdata/every.parquet: no column \"no\"; it has question, n, "+
		"small, half, yes, conversations, image, tags, nested, map, large, dict, at, price, raw\n")
}

func equal(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func TestWebDataset(t *testing.T) {
	var in bytes.Buffer
	w := tar.NewWriter(&in)
	for _, f := range [][2]string{{"d/", ""}, {"d/000.jpg", "\xFF\xD8"}, {"d/000.seg.txt", "a b"}, {"d/001.txt", ""},
		{".x", ""},
		{"README", ""}, {"e/001.txt", "c"}} {
		h := &tar.Header{Name: f[0], Size: int64(len(f[1])), Mode: 0o644, Typeflag: tar.TypeReg}
		if strings.HasSuffix(f[0], "/") {
			h.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, f[1])
	}
	w.Close()
	var got []map[string]any
	for row, err := range Read(bytes.NewReader(in.Bytes()), "a.tar") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, row.Values)
	}
	want := []map[string]any{{"__key__": "d/000", "jpg": "\xFF\xD8", "seg.txt": "a b"}, {"__key__": "d/001", "txt": ""},
		{"__key__": "e/001", "txt": "c"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
	equal(t, all(Read(bytes.NewReader(in.Bytes()[:3200]), "a.tar", "txt")),
		`{"__key__":"d/000"}`+"\n! a.tar: unexpected EOF\n")
}

func TestDamagedParquet(t *testing.T) {
	whole, err := os.ReadFile("testdata/every.parquet")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x.parquet")
	for _, n := range []int{4, 100, len(whole) / 2, len(whole) - 1} {
		os.WriteFile(path, whole[:n], 0o644)
		if got := all(File(path)); !strings.HasPrefix(got, "! "+path+": ") {
			t.Errorf("cut at %d: %s", n, got)
		}
	}
}

func TestMissingFile(t *testing.T) {
	for _, err := range File("none.jsonl") {
		if !errors.Is(err, os.ErrNotExist) {
			t.Error(err)
		}
	}
}

func TestSupported(t *testing.T) {
	for name, want := range map[string]bool{
		"a.parquet": true, "A.PARQUET": true, "a.parquet.gz": false, "d/a.json": true, "a.jsonl.zst": true, "a.ndjson": true,
		"a.csv.gz": true, "a.tsv": true, "test/0.tar": true, "a.txt": false, "README.md": false, "json": false,
	} {
		if got := Supported(name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

type wide struct {
	Text    string `parquet:"text,zstd"`
	Picture []byte `parquet:"picture"`
}

func writeWide(t testing.TB, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "wide.parquet")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := parquet.NewGenericWriter[wide](f, parquet.PageBufferSize(1<<20), parquet.MaxRowsPerRowGroup(1000))
	picture := make([]byte, 16<<10)
	for i := range n {
		picture[0] = byte(i)
		if _, err := w.Write([]wide{{strings.Repeat("word ", 200), picture}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// The heap stays flat while 80 MB go by.
func TestMemory(t *testing.T) {
	path := writeWide(t, 5000)
	inUse := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC() // what pools hold survives one
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, n := inUse(), 0
	for _, err := range File(path) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n%1000 == 0 {
			now := inUse()
			if now > before+16<<20 {
				t.Fatalf("%d MB in use after %d rows, %d before", now>>20, n, before>>20)
			}
		}
	}
	if n != 5000 {
		t.Fatalf("%d rows", n)
	}
}

func FuzzRead(f *testing.F) {
	every, err := os.ReadFile("testdata/every.parquet")
	if err != nil {
		f.Fatal(err)
	}
	f.Add("a.parquet", every)
	for _, name := range []string{"a.json", "a.jsonl", "a.csv", "a.tsv"} {
		f.Add(name, []byte("[{\"a\":1},{\"a\":\"x\"}]"))
		f.Add(name, []byte("{\"a\":1}\n{\"a\":2}\n"))
		f.Add(name, []byte("a,b\n1,2\n"))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, name string, b []byte) {
		if name = filepath.Base(name); strings.ContainsAny(name, "/\x00") || len(name) > 100 {
			t.Skip()
		}
		path := filepath.Join(dir, name+".x")
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Skip()
		}
		defer os.Remove(path)
		n := 0
		for row, err := range File(path) {
			if (row.Values == nil) == (err == nil) {
				t.Fatalf("row %v with error %v", row, err)
			}
			if n++; n > len(b)+1 {
				t.Fatal("more items than bytes")
			}
		}
		for range Read(bytes.NewReader(b), name, "a") {
		}
	})
}

func benchmarkFile(b *testing.B, path string, columns ...string) {
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	for b.Loop() {
		for _, err := range File(path, columns...) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkFile(b *testing.B) {
	line := `{"question":"` + strings.Repeat("word ", 200) + `","answers":["` + strings.Repeat("more ", 200) + `"],"n":7}`
	for name, text := range map[string]string{
		"a.jsonl": strings.Repeat(line+"\n", 10_000),
		"a.json":  "[" + strings.Repeat(line+",\n", 9_999) + line + "]",
		"a.csv":   "a,b\n" + strings.Repeat(strings.Repeat("word ", 200)+","+strings.Repeat("more ", 200)+"\n", 10_000),
	} {
		path := filepath.Join(b.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) { benchmarkFile(b, path) })
		if name != "a.csv" {
			b.Run(name+"/question", func(b *testing.B) { benchmarkFile(b, path, "question") })
		}
	}
	path := writeWide(b, 2000)
	b.Run("parquet", func(b *testing.B) { benchmarkFile(b, path) })
	b.Run("parquet/text", func(b *testing.B) { benchmarkFile(b, path, "text") })
}

// A row group without rows, as pyarrow writes a table that has none.
const emptyGroup = "UEFSMRUEFQAVAkwVABUAEgAAABUEGSw1ABgGc2NoZW1hFQIAFQwlAhgEdGV4dCUATBwAAAAW" +
	"ABkcGRwmABwVDBklAAYZGAR0ZXh0FQIWABYcFh4mACYIKRwVBBUAFQIAAAAWHBYAJggWHgAo" +
	"IHBhcnF1ZXQtY3BwLWFycm93IHZlcnNpb24gMjYuMC4xGRwcAAAAgAAAAFBBUjE="

func TestParquetWithoutRows(t *testing.T) {
	data, err := base64.StdEncoding.DecodeString(emptyGroup)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "none.parquet")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	for row, err := range File(path, "text") {
		t.Errorf("row %v, error %v", row, err)
	}
}
