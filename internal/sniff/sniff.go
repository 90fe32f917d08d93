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

// inEncoding returns the error of text in an encoding other than UTF-8.
func inEncoding(name string) *Alien {
	return &Alien{"text in " + name + ", not in UTF-8", "iconv -f " + name + " -t UTF-8 %s >utf8.txt"}
}

// Text returns nil if b is UTF-8, and otherwise an error that names its likely encoding.
func Text(b []byte) error {
	if valid(b) {
		return nil
	}
	if surrogates(b) {
		return &Alien{"not in UTF-8: it has halves of characters, as CESU-8 and Java write them",
			"uconv -f CESU-8 -t UTF-8 %s >utf8.txt"}
	}
	if damaged(b) {
		return &Alien{"not in UTF-8 throughout: iconv -c leaves out what is not", "iconv -c -f UTF-8 -t UTF-8 %s >utf8.txt"}
	}
	name := guess(b)
	a := inEncoding(name)
	a.What = "not in UTF-8: it looks like " + name
	return a
}

// surrogates reports whether b has a pair of surrogates, each as three bytes.
func surrogates(b []byte) bool {
	for {
		k := bytes.IndexByte(b, 0xED)
		if k < 0 || len(b) < k+6 {
			return false
		}
		if b = b[k:]; b[1] >= 0xA0 && b[1] < 0xB0 && b[2]&0xC0 == 0x80 && b[3] == 0xED && b[4] >= 0xB0 && b[4] < 0xC0 {
			return true
		}
		b = b[1:]
	}
}

// damaged reports whether b is UTF-8 except for a few bytes, such as those of a character that was cut off. In another
// encoding few characters look like those of UTF-8.
func damaged(b []byte) bool {
	good, bad := 0, 0
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			bad++
			for b[0] >= 0xC0 && n < len(b) && !utf8.RuneStart(b[n]) { // the rest of the character
				n++
			}
		} else if n > 1 {
			good++
		}
		b = b[n:]
	}
	return good >= 3*bad
}

// valid is utf8.Valid in a third of its time: prompts are long, and every byte of them is checked.
func valid(b []byte) bool {
	const high = 0x8080808080808080
	for {
		for len(b) >= 32 {
			w := b[:32:32]
			if (binary.LittleEndian.Uint64(w)|binary.LittleEndian.Uint64(w[8:])|binary.LittleEndian.Uint64(w[16:])|
				binary.LittleEndian.Uint64(w[24:]))&high != 0 {
				break
			}
			b = b[32:]
		}
		for len(b) > 0 && b[0] < utf8.RuneSelf {
			b = b[1:]
		}
		for len(b) >= 4 && b[0] >= 0xE1 && b[0] <= 0xEC { // most Chinese, Japanese and Korean characters
			if binary.LittleEndian.Uint32(b)&0xC0C000 != 0x808000 {
				return false
			}
			b = b[3:]
		}
		if len(b) == 0 {
			return true
		}
		if b[0] < utf8.RuneSelf {
			continue
		}
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			return false
		}
		b = b[n:]
	}
}

// guess distinguishes the usual encodings by the sequences of bytes above 0x7F. East Asian characters are pairs, most
// of which are adjacent; in single-byte encodings such bytes are mostly isolated, except for Cyrillic, whose lower
// case is in the upper half of Windows-1251 and in the lower half of KOI8-R.
func guess(b []byte) string {
	if share, kana, crowded := looksBy(b, gbk); share >= 0.8 && kana < 0.2 && crowded {
		if s, _, _ := looksBy(b, eucKR); s >= 0.95 && bytes.IndexByte(b, ' ') >= 0 {
			return "EUC-KR"
		}
		return "GBK"
	}
	for _, e := range []struct {
		name string
		is   pairs
	}{{"EUC-JP", eucJP}, {"SHIFT_JIS", shiftJIS}, {"BIG5", big5}} {
		if share, _, crowded := looksBy(b, e.is); share >= 0.8 && crowded {
			return e.name
		}
	}
	var letters, high, upper, lower, c1 int
	for _, c := range b {
		switch {
		case c >= 0xE0:
			upper++
		case c >= 0xC0:
			lower++
		case c >= 0x80 && c < 0xA0:
			c1++
		}
		if c >= 0xC0 {
			high++
		} else if c|0x20 >= 'a' && c|0x20 <= 'z' {
			letters++
		}
	}
	switch {
	case high > 3 && high > letters && upper >= lower:
		return "WINDOWS-1251"
	case high > 3 && high > letters:
		return "KOI8-R"
	case c1 > 0:
		return "WINDOWS-1252"
	}
	return "LATIN1"
}

// pairs reports whether two bytes are a character, and whether it is a common one.
type pairs func(lead, trail byte) (ok, common bool)

func gbk(lead, trail byte) (ok, common bool) {
	ok = lead >= 0x81 && lead <= 0xFE && trail >= 0x40 && trail <= 0xFE && trail != 0x7F
	return ok, trail >= 0xA1 && (lead >= 0xB0 && lead <= 0xF7 || lead >= 0xA1 && lead <= 0xA3)
}

func eucKR(lead, trail byte) (ok, common bool) {
	ok = lead >= 0xA1 && lead <= 0xFD && trail >= 0xA1 && trail <= 0xFE
	return ok, lead >= 0xB0 && lead <= 0xC8 || lead == 0xA1
}

func eucJP(lead, trail byte) (ok, common bool) {
	ok = lead >= 0xA1 && lead <= 0xF4 && trail >= 0xA1 && trail <= 0xFE
	return ok, lead == 0xA1 || lead == 0xA4 || lead == 0xA5 || lead >= 0xB0
}

func big5(lead, trail byte) (ok, common bool) {
	ok = lead >= 0x81 && lead <= 0xFE && (trail >= 0x40 && trail <= 0x7E || trail >= 0xA1 && trail <= 0xFE)
	return ok, lead >= 0xA1 && lead <= 0xC6
}

func shiftJIS(lead, trail byte) (ok, common bool) {
	ok = (lead >= 0x81 && lead <= 0x9F || lead >= 0xE0 && lead <= 0xEF) && trail >= 0x40 && trail <= 0xFC && trail != 0x7F
	return ok, lead >= 0x81 && lead <= 0x83 || lead >= 0x88 && lead <= 0x9F
}

// looksBy returns the share of common characters among those that are not ASCII, or 0 if some are invalid; the share
// of kana, if b is EUC-JP; and whether at least half of the characters are adjacent to another, or there is only one.
func looksBy(b []byte, is pairs) (share, kana float64, crowded bool) {
	var all, usual, kanas, beside int
	end := -1 // of the previous character
	for i := 0; i < len(b); i++ {
		if b[i] < 0x80 {
			continue
		}
		if i+1 == len(b) {
			break // a truncated character
		}
		ok, common := is(b[i], b[i+1])
		if !ok {
			return 0, 0, false
		}
		all++
		if common {
			usual++
		}
		if b[i] == 0xA4 || b[i] == 0xA5 {
			kanas++
		}
		if end == i || i+2 < len(b) && b[i+2] >= 0x80 {
			beside++
		}
		i++
		end = i + 1
	}
	if all == 0 {
		return 0, 0, false
	}
	n := float64(all)
	return float64(usual) / n, float64(kanas) / n, all == 1 || 2*beside >= all
}
