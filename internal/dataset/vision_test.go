package dataset

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"perfpipe/internal/dataset/body"
)

// A picture may be a URL, a file, or the bytes of one in base64, and stands where a question names it.
func TestPictures(t *testing.T) {
	const bytes = "\x89PNG\r\n\x1a\n\x00"
	encoded := base64.StdEncoding.EncodeToString([]byte(bytes))
	data := "data:image/png;base64," + encoded
	for _, c := range []struct{ dataset, row, want string }{
		{"kontext_bench", `{"image":"a.jpg"}`, `"Describe the image." ` + data},
		{"kontext_bench", `{"image":"https://x/y.png"}`, `"Describe the image." https://x/y.png`},
		{"kontext_bench", `{"image":"` + data + `"}`, `"Describe the image." ` + data},
		{"kontext_bench", `{"image":"` + encoded + `"}`, `"Describe the image." ` + data},
		{"kontext_bench", `{"image":{"bytes":"` + encoded + `","path":"none.png"}}`, `"Describe the image." ` + data},
		{"kontext_bench", `{"image":{"bytes":null,"path":"a.jpg"}}`, `"Describe the image." ` + data},
		{"mmmu_multi_image", `{"question":"<image 2> <image 2> <image 9> <image 1>.","image_1":"http://1","image_2":"http://2"}`,
			`http://2 " <image 2> <image 9> " http://1 "."`},
		{"mmmu_multi_image", `{"question":"q","image_1":"http://1","image_3":{"url":"http://3"}}`, `"q" http://1 http://3`},
		{"mmmu_multi_image", `{"question":"<image 1>","image_1":"http://1"}`, ""},
	} {
		var said []string
		file := write(t, "f.jsonl", c.row)
		if err := os.WriteFile(filepath.Join(filepath.Dir(file), "a.jpg"), []byte(bytes), 0o600); err != nil {
			t.Fatal(err)
		}
		lines, errs := gather(t, c.dataset, &Options{Paths: []string{file}, Number: All,
			Tell: func(_, _, format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }}, &body.Shape{})
		got := strings.Join(lines, "")
		for _, cut := range []string{`{"type":"text","text":`, `{"type":"image_url","image_url":{"url":"`} {
			got = strings.ReplaceAll(got, cut, "")
		}
		got = strings.ReplaceAll(strings.ReplaceAll(got, `"}},`, " "), `"}}]`, "]")
		got = strings.ReplaceAll(got, `"},`, `" `)
		got = strings.TrimPrefix(got, `{"messages":[{"role":"user","content":[`)
		got = strings.TrimSuffix(strings.TrimSuffix(got, `]}]}`), "}")
		if got != c.want || errs != nil || (c.want == "") !=
			slices.Contains(said, "rows left out, as they have fewer than two pictures: 1") {
			t.Errorf("%s: %s, %v, %q, want %s", c.row, got, errs, said, c.want)
		}
	}
}
