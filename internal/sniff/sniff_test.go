package sniff

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestBinary(t *testing.T) {
	for head, want := range map[string]string{
		"":                               "",
		"a":                              "",
		"hello":                          "",
		"\uFEFFhello":                    "",
		"什么是量子计算？":                       "",
		"ORCs and elves":                 "",
		"BZh is how a bzip2 file begins": "",
		"GIF89a was a format":            "",
		"ID3 tags":                       "",
		"{\"prompt\":\"PK\"}\n":          "",
		"\x89PNG\r\n\x1a\n\x00\x00":      "a PNG image",
		"\xFF\xD8\xFF\xE0":               "a JPEG image",
		"GIF89a\x01\x00":                 "a GIF image",
		"RIFF\x10\x00\x00\x00WEBPVP8 ":   "a WebP image",
		"\x00\x00\x00\x18ftypmp42":       "an MP4 media file",
		"%PDF-1.7":                       "a PDF document",
		"PK\x03\x04\x14":                 "a zip archive",
		"PK\x03\x04" + strings.Repeat("\x00", 26) + "docProps/app.xml": "an Excel or Word file",
		"\xFD7zXZ\x00\x00":     "compressed with xz",
		"BZh91AY&SY\x8A\xFF":   "compressed with bzip2",
		"PAR1\x15\x04\x15\x10": "a Parquet file",
		"ARROW1\x00\x00":       "an Arrow file",
		"\x89HDF\r\n\x1A\n":    "an HDF5 file",
		"\x93NUMPY\x01":        "a NumPy file",
		"SQLite format 3\x00":  "an SQLite database",
		"\x80\x04\x95":         "a Python pickle",
		"\x7FELF\x02":          "a program",
		"GGUF\x03\x00\x00\x00": "the weights of a model",
		"\x1F\x8B\x08\x00":     "compressed with gzip",
		"version https://git-lfs.github.com/spec/v1\noid sha256:": "a Git LFS pointer",
		"ab\x00cd":                                      "binary data",
		"\xFF\xFEh\x00i\x00":                            "text in UTF-16LE",
		"\xFE\xFF\x00h\x00i":                            "text in UTF-16BE",
		"\xFF\xFE\x00\x00h\x00\x00\x00":                 "text in UTF-32LE",
		"h\x00e\x00l\x00l\x00o\x00":                     "text in UTF-16LE",
		"\x00h\x00e\x00l\x00l\x00o":                     "text in UTF-16BE",
		"a.txt" + strings.Repeat("\x00", 252) + "ustar": "",
	} {
		err := Binary([]byte(head))
		if (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %q", head, err, want)
		}
	}
}

func TestText(t *testing.T) {
	for b, want := range map[string]string{
		"naïve": "",
		"{\"question\": \"\xca\xb2\xc3\xb4\xca\xc7\xc1\xbf\xd7\xd3\xbc\xc6\xcb\xe3\xa3\xbf\"}": "GBK",
		"\x97\xca\x8e\x71\x83\x52\x83\x93\x83\x73\x83\x85\x81\x5b\x83\x5e\x82\xc6\x82\xcd":     "SHIFT_JIS",
		"D\xe9j\xe0 vu \xe0 la cr\xe8me br\xfbl\xe9e":                                          "LATIN1",
		"caf\xe9":              "LATIN1",
		"it\x92s \x93fine\x94": "WINDOWS-1252",
		"\xa4\xb3\xa4\xec\xa4\xcf\xc6\xfc\xcb\xdc\xb8\xec\xa4\xce\xa5\xc6\xa5\xad\xa5\xb9\xa5\xc8":   "EUC-JP",
		"\xa4\xb0\xbb\xf2\xacO\xb6q\xa4l\xadp\xba\xe2\xa1H":                                          "BIG5",
		"\xbe\xe7\xc0\xda \xc4\xc4\xc7\xbb\xc6\xc3\xc0\xcc\xb6\xf5 \xb9\xab\xbe\xf9\xc0\xce\xb0\xa1": "EUC-KR",
		"\xd7\xf2\xee \xf2\xe0\xea\xee\xe5":                                                          "WINDOWS-1251",
		"\xfe\xd4\xcf \xd4\xc1\xcb\xcf\xc5":                                                          "KOI8-R",
		"\x93quoted\x94 \x97 d\x92accord, na\xefve":                                                  "WINDOWS-1252",
	} {
		err := Text([]byte(b))
		if (err == nil) != (want == "") || err != nil && !strings.HasSuffix(err.Error(), " "+want) {
			t.Errorf("%q: %v, want %q", b, err, want)
		}
		if a, ok := err.(*Alien); ok {
			if _, hint := a.Hint("f"); hint != "iconv -f "+want+" -t UTF-8 f >utf8.txt" {
				t.Errorf("hint %q", hint)
			}
		}
	}
}

// Text that is UTF-8 for the most part is not taken for another encoding, from which iconv would spoil all of it.
func TestNotThroughout(t *testing.T) {
	for b, want := range map[string]string{
		"caf\u00e9 na\u00efve d\u00e9j\u00e0 \xe2\x80":            "iconv -c -f UTF-8 -t UTF-8 f >utf8.txt",
		"\u4ec0\u4e48\u662f\u91cf\u5b50\u8ba1\u7b97\xef\xbc then": "iconv -c -f UTF-8 -t UTF-8 f >utf8.txt",
		"a \xed\xa0\xbd\xed\xb8\x80 b":                            "uconv -f CESU-8 -t UTF-8 f >utf8.txt",
		"caf\xe9 \u00e9":                                          "iconv -f LATIN1 -t UTF-8 f >utf8.txt",
	} {
		a, ok := Text([]byte(b)).(*Alien)
		if !ok {
			t.Fatalf("%q is text", b)
		}
		if _, hint := a.Hint("f"); hint != want {
			t.Errorf("%q: %s, want %s", b, hint, want)
		}
	}
}

// FuzzSniff holds that UTF-8 without zeros is never taken for anything else, whether or not its end is cut.
func FuzzSniff(f *testing.F) {
	f.Add([]byte("PK\x03\x04"))
	f.Add([]byte("什么是"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if (Text(b) == nil) != utf8.Valid(b) {
			t.Fatalf("%q: %v", b, Text(b))
		}
		printable := utf8.Valid(b) && !strings.ContainsFunc(string(b),
			func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' && r != '\r' })
		if printable && !strings.HasPrefix(string(b), "%PDF-") && !strings.HasPrefix(string(b), "{\\rtf") &&
			!strings.HasPrefix(string(b), "version https://git-lfs") && Binary(b) != nil {
			t.Fatalf("%q: %v", b, Binary(b))
		}
	})
}
