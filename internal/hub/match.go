package hub

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"perfpipe/internal/fault"
)

func isPattern(p string) bool { return strings.ContainsAny(p, "*?[") }

// compile converts a shell pattern over a whole path to a regular expression: * and ? do not match a slash, ** does,
// and **/ also matches nothing.
func compile(pattern string) (*regexp.Regexp, error) {
	var b strings.Builder
	b.WriteString(`(?s)^`)
	for rest := pattern; rest != ""; {
		switch {
		case strings.HasPrefix(rest, "**/"):
			b.WriteString(`(?:.*/)?`)
			rest = rest[3:]
		case strings.HasPrefix(rest, "**"):
			b.WriteString(`.*`)
			rest = rest[2:]
		case rest[0] == '*':
			b.WriteString(`[^/]*`)
			rest = rest[1:]
		case rest[0] == '?':
			b.WriteString(`[^/]`)
			rest = rest[1:]
		case rest[0] == '[':
			end := strings.IndexByte(rest, ']')
			if end < 2 {
				return nil, fault.Usage("[abc] and [a-z] are one character of those", "pattern %q: [ is not closed", pattern)
			}
			class := strings.ReplaceAll(rest[1:end], `\`, `\\`)
			if class[0] == '!' {
				class = "^" + class[1:]
			}
			b.WriteString("[" + class + "]")
			rest = rest[end+1:]
		default:
			n := strings.IndexAny(rest, "*?[")
			if n < 0 {
				n = len(rest)
			}
			b.WriteString(regexp.QuoteMeta(rest[:n]))
			rest = rest[n:]
		}
	}
	b.WriteString(`$`)
	re, err := regexp.Compile(b.String())
	if err != nil {
		return nil, fault.Usage("", "pattern %q: %w", pattern, err)
	}
	return re, nil
}

// literalFolder returns the folder of a name, or the folders of a pattern before its first wildcard; "" is the root.
func literalFolder(pattern string) string {
	folder := path.Dir(pattern)
	for isPattern(folder) {
		folder = path.Dir(folder)
	}
	if folder == "." {
		return ""
	}
	return folder
}

var shard = regexp.MustCompile(`^(.*)-(\d{5})-of-(\d{5})(.*)$`)

// completeShards reports whether names are complete sets such as train-00000-of-00005.parquet, and nothing else.
func completeShards(names []string) bool {
	missing := map[string]int{}
	for _, name := range names {
		m := shard.FindStringSubmatch(name)
		if m == nil {
			return false
		}
		set := m[1] + "\x00" + m[3] + m[4]
		if _, seen := missing[set]; !seen {
			missing[set], _ = strconv.Atoi(m[3])
		}
		missing[set]--
	}
	for _, n := range missing {
		if n != 0 {
			return false
		}
	}
	return len(names) > 0
}

// weights returns the files of a model that a server loads. Folders contain copies for other programs (onnx,
// original), except for those that the configuration names, which have code.
func weights(names []string) []string {
	var small, safe, torch []string
	for _, name := range names {
		deep := strings.Contains(name, "/")
		switch ext := path.Ext(name); {
		case ext == ".py":
			small = append(small, name)
		case deep, strings.HasPrefix(name, "."):
		case slices.Contains([]string{".json", ".txt", ".model", ".jinja", ".tiktoken", ".yaml"}, ext):
			small = append(small, name)
		case ext == ".safetensors":
			safe = append(safe, name)
		case ext == ".bin" || ext == ".pt":
			torch = append(torch, name)
		}
	}
	if len(safe) == 0 {
		safe = torch
	}
	if len(safe) == 0 {
		return nil
	}
	return append(small, safe...)
}
