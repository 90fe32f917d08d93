package hub

import (
	"path/filepath"
	"slices"
	"strings"

	"perfpipe/internal/fault"
)

// parse splits ORG/NAME[@REVISION][/PATH]. At Hugging Face the oldest repositories have a NAME without ORG, and hence
// no PATH.
func parse(name string, src Source) (id, revision, within string, err error) {
	bad := func(why string) error {
		return fault.Usage("write ORG/NAME, ORG/NAME@REVISION or ORG/NAME/FILE, or the path of a local copy",
			"%q is neither a local path nor a hub's name: %s", name, why)
	}
	if isPath(name) {
		return "", "", "", bad("no such file or folder")
	}
	parts := strings.Split(name, "/")
	if slices.Contains(parts, "") || slices.Contains(parts, "..") || len(parts) == 1 && src != HuggingFace {
		return "", "", "", bad("it has no ORG/NAME")
	}
	org, rest := "", parts
	if len(parts) > 1 {
		org, rest = parts[0]+"/", parts[1:]
	}
	repo, revision, typed := strings.Cut(rest[0], "@")
	rest = rest[1:]
	if typed && revision == "refs" && len(rest) >= 2 { // the only revision with slashes: refs/pr/1, refs/convert/parquet
		revision, rest = strings.Join([]string{"refs", rest[0], rest[1]}, "/"), rest[2:]
	}
	if repo == "" || typed && (revision == "." || !filepath.IsLocal(revision)) ||
		strings.ContainsAny(org+repo, " \\:?*[") {
		return "", "", "", bad("it has no ORG/NAME")
	}
	return org + repo, revision, strings.Join(rest, "/"), nil
}

// isPath reports whether name can only be a path.
func isPath(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "/") || strings.HasPrefix(name, "~")
}

// splitPattern returns the folder above the first wildcard, and the rest.
func splitPattern(p string) (dir, pattern string) {
	p = filepath.ToSlash(p)
	at := strings.LastIndexByte(p[:strings.IndexAny(p, "*?[")], '/')
	if at < 0 {
		return ".", p
	}
	return p[:at+1], p[at+1:]
}

func expandHome(p string, getenv func(string) string) string {
	if rest, ok := strings.CutPrefix(p, "~/"); ok {
		return filepath.Join(getenv("HOME"), rest)
	}
	return p
}
