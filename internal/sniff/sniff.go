// Package sniff detects what a file is by its first bytes, and the likely encoding of text that is not UTF-8.
package sniff

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf8"
)

// Alien is the error of an input that is not UTF-8 text.
type Alien struct {
	What string // such as "a PNG image, not text"
	how  string // the command to run, with at most one %s for the file's name; "" is none
}

func (a *Alien) Error() string { return a.What }

// Hint returns no reason, and the command that converts the file to text, or "".
func (a *Alien) Hint(file string) (reason, hint string) {
	if a.how == "" {
		return "", ""
	}
	if from, ok := strings.CutSuffix(a.how, " %s >utf8.txt"); ok { // iconv cannot read compressed files
		for ending, cat := range map[string]string{".gz": "gzip -dc ", ".zst": "zstd -dc "} {
			if strings.HasSuffix(file, ending) {
				return "", cat + file + " | " + from + " >utf8.txt"
			}
		}
	}
	return "", strings.ReplaceAll(a.how, "%s", file)
}

// magic is the signature of a file type.
type magic struct {
	at    int // offset of bytes
	bytes string
	what  string
	how   string
}

// Head is the number of bytes at the beginning of a file that Binary needs.
const Head = 512

const (
	asCSV     = "save %s as CSV in UTF-8"
	asRows    = "save %s as Parquet or JSONL"
	unpack    = "unpack %s and name the files in it"
	textFirst = "save %s as plain text in UTF-8"
)

func magics() []magic {
	return []magic{
		{0, "\x89PNG", "a PNG image", ""},
		{0, "\xFF\xD8\xFF", "a JPEG image", ""},
		{0, "GIF87a", "a GIF image", ""},
		{0, "GIF89a", "a GIF image", ""},
		{8, "WEBPVP8", "a WebP image", ""},
		{0, "II*\x00", "a TIFF image", ""},
		{0, "MM\x00*", "a TIFF image", ""},
		{8, "WAVEfmt ", "a WAV sound file", ""},
		{0, "ID3", "an MP3 sound file", ""},
		{0, "OggS", "an Ogg media file", ""},
		{0, "fLaC", "a FLAC sound file", ""},
		{4, "ftyp", "an MP4 media file", ""},
		{0, "%PDF-", "a PDF document", "pdftotext %s prompt.txt"},
		{0, "{\\rtf", "an RTF document", textFirst},
		{0, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "an old Microsoft Office document", asCSV},
		{0, "PK\x03\x04", "a zip archive", unpack},
		{0, "PK\x05\x06", "an empty zip archive", ""},
		{0, "\xFD7zXZ\x00", "compressed with xz", "xz -dk %s"},
		{0, "\x1F\x8B", "compressed with gzip", "gzip -dk %s"},
		{0, "BZh", "compressed with bzip2", "bzip2 -dk %s"},
		{0, "\x04\x22\x4D\x18", "compressed with lz4", "lz4 -dk %s"},
		{0, "\xFF\x06\x00\x00sNaPpY", "compressed with snappy", "snzip -dk %s"},
		{0, "\x1F\x9D", "compressed with compress (.Z)", "gzip -dk %s"},
		{0, "LZIP", "compressed with lzip", "lzip -dk %s"},
		{0, "7z\xBC\xAF\x27\x1C", "a 7z archive", unpack},
		{0, "Rar!\x1A\x07", "a RAR archive", unpack},
		{0, "PAR1", "a Parquet file", "name the file itself: its rows cannot be read from a pipe"},
		{0, "PARE", "an encrypted Parquet file", ""},
		{0, "ARROW1", "an Arrow file", asRows},
		{0, "\xFF\xFF\xFF\xFF", "an Arrow stream", asRows},
		{0, "Obj\x01", "an Avro file", asRows},
		{0, "ORC", "an ORC file", asRows},
		{0, "\x89HDF\r\n\x1A\n", "an HDF5 file", asRows},
		{0, "\x93NUMPY", "a NumPy file", asRows},
		{0, "SQLite format 3\x00", "an SQLite database", "sqlite3 -json %s 'select * from TABLE' >rows.json"},
		{0, "\x7FELF", "a program", ""},
		{0, "MZ\x90\x00", "a program", ""},
		{0, "\xCA\xFE\xBA\xBE", "a program", ""},
		{0, "GGUF", "the weights of a model (GGUF)", ""},
	}
}

// Binary returns an *Alien if a file begins as something that cannot be read as UTF-8: a picture, an archive, text in
// UTF-16. head may be shorter than the file.
func Binary(head []byte) error {
	if encoding := wide(head); encoding != "" {
		return inEncoding(encoding)
	}
	if bytes.HasPrefix(head, []byte("version https://git-lfs.github.com/spec/")) {
		return &Alien{"a Git LFS pointer in place of the file", "git lfs pull --include %s"}
	}
	if office(head) {
		return &Alien{"an Excel or Word file, not text", asCSV}
	}
	for _, m := range magics() {
		if !bytes.HasPrefix(head[min(m.at, len(head)):], []byte(m.bytes)) || !certain(m, head) {
			continue
		}
		return &Alien{m.what + ", not text", m.how}
	}
	if len(head) > 2 && head[0] == 0x80 && head[1] >= 2 && head[1] <= 5 {
		return &Alien{"a Python pickle", "save %s as JSONL"}
	}
	if bytes.IndexByte(head[:min(len(head), 257)], 0) >= 0 && !tarHead(head) {
		return &Alien{What: "binary data, not text"}
	}
	return nil
}

// office reports whether head is that of a zip archive with the parts of an Office document.
func office(head []byte) bool {
	const nameAt = 30 // of the first file
	return bytes.HasPrefix(head, []byte("PK\x03\x04")) && slices.ContainsFunc(
		[]string{"[Content_Types].xml", "_rels/", "docProps/", "xl/", "word/"},
		func(name string) bool { return bytes.HasPrefix(head[min(nameAt, len(head)):], []byte(name)) })
}

// certain reports whether head cannot be text: a prompt may begin with ORC or BZh.
func certain(m magic, head []byte) bool {
	for _, c := range []byte(m.bytes) {
		if c < ' ' || c > '~' {
			return true
		}
	}
	if m.bytes == "%PDF-" || m.bytes == "{\\rtf" {
		return true
	}
	control := func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' }
	return bytes.ContainsFunc(head, control) || !validStart(head)
}

// Tar returns an error if head is that of a tar archive, which Binary accepts.
func Tar(head []byte) error {
	if tarHead(head) {
		return &Alien{"a tar archive, not text", "tar -xf %s, and name the files in it"}
	}
	return nil
}

// tarHead reports whether head is that of a tar archive, which has zeros after the name of its first file.
func tarHead(head []byte) bool {
	return len(head) >= 262 && string(head[257:262]) == "ustar"
}

// wide detects UTF-16 and UTF-32 by their byte order marks, or by every other byte being zero.
func wide(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE, 0, 0}):
		return "UTF-32LE"
	case bytes.HasPrefix(head, []byte{0, 0, 0xFE, 0xFF}):
		return "UTF-32BE"
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}):
		return "UTF-16LE"
	case bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		return "UTF-16BE"
	}
	n := min(len(head)&^1, 64)
	if n < 4 {
		return ""
	}
	var even, odd int // zeros
	for i := 0; i < n; i += 2 {
		if u := binary.LittleEndian.Uint16(head[i:]); u == 0 {
			return ""
		}
		if head[i] == 0 {
			even++
		}
		if head[i+1] == 0 {
			odd++
		}
	}
	switch {
	case odd*4 > n && even == 0:
		return "UTF-16LE"
	case even*4 > n && odd == 0:
		return "UTF-16BE"
	}
	return ""
}

// validStart reports whether head is UTF-8, except for a truncated last character.
func validStart(head []byte) bool {
	for len(head) > 0 {
		r, n := utf8.DecodeRune(head)
		if r == utf8.RuneError && n == 1 {
			return !utf8.FullRune(head)
		}
		head = head[n:]
	}
	return true
}
