package api

import (
	"cmp"
	"net/url"
	"strings"
)

// For returns d with what depends on the body: the parts of the path, which TGI and Triton have, and whether the texts
// of a stream may grow, as DashScope's do if the body does not ask for one.
func (d Dialect) For(model string, stream bool) Dialect {
	suffix := ""
	if stream {
		suffix = "_stream"
	}
	if !stream && d.growing != nil {
		d.reader, d.grows = d.growing, true
	}
	d.template = d.Path
	d.Path = strings.NewReplacer("{model}", url.PathEscape(model), "{_stream}", suffix).Replace(d.Path)
	return d
}

// Endpoint returns the URL of d on a server. The base is an origin, a base with a path such as /v1, or a whole
// endpoint, which it returns unchanged.
func (d Dialect) Endpoint(base *url.URL) *url.URL {
	u, _ := d.Rule(base)
	return u
}

// Rule is Endpoint with the reason in words, for debugging.
func (d Dialect) Rule(base *url.URL) (u *url.URL, why string) {
	copied := *base
	u = &copied
	if len(d.Query) > 0 {
		q := u.Query()
		for k, v := range d.Query {
			if !q.Has(k) {
				q[k] = v
			}
		}
		u.RawQuery = q.Encode()
	}
	path := strings.TrimRight(u.EscapedPath(), "/")
	full := d.Base + d.Path
	switch other, whole := ForPath(path); {
	case d.endsIn(path):
		return u, "it is the whole endpoint"
	case whole && other.Name != d.Name:
		// The name of the API overrides the path, because evalscope's users have one URL for all APIs.
		path = strings.TrimSuffix(path, other.suffix(path))
		if d.Base != other.Base {
			path = strings.TrimSuffix(path, other.Base)
		}
		path += d.Path
		why = "its path is another API's endpoint, whose place " + path + " takes"
	case whole:
		return u, "it is a whole endpoint"
	case isOther(path):
		return u, "it is the whole endpoint of an unknown API"
	case path == "":
		path, why = full, "it is an origin: "+full+" is put after it"
	default:
		rest := d.Path
		if n := overlap(path, full); n > 0 {
			rest = full[n:]
		}
		path, why = path+rest, "it is a base: "+rest+" is put after it"
	}
	u.Path, u.RawPath = path, path
	if plain, err := url.PathUnescape(path); err == nil {
		u.Path = plain
	}
	return u, why
}

// others are the ends of endpoint paths that no dialect has. No base ends in them.
var others = []string{
	"/images/generations", "/images/edits", "/images/variations", "/audio/speech", "/audio/transcriptions",
	"/audio/translations", "/moderations", "/videos", "/videos/generations", "/classify", "/pooling", "/tokenize",
	"/detokenize", "/ocr", "/invocations", "/predict", "/infer", "/batches", "/files", "/models", "/realtime",
	"/transcribe", "/embed_sparse", "/embed_all",
}

func isOther(path string) bool {
	_, ok := BaseOfOther(path)
	return ok
}

// BaseOfOther returns what precedes an endpoint that no dialect has, if path ends in one.
func BaseOfOther(path string) (base string, ok bool) {
	for _, end := range others {
		if base, ok = strings.CutSuffix(path, end); ok {
			return base, true
		}
	}
	return "", false
}

// overlap returns the length of the longest prefix of full that path ends in and that ends at a slash, such as /api/v1
// of /api/v1/services.
func overlap(path, full string) int {
	for n := len(full); n > 0; n-- {
		if (n == len(full) || full[n] == '/') && strings.HasSuffix(path, full[:n]) {
			return n
		}
	}
	return 0
}

func (d *Dialect) endsIn(path string) bool { return d.suffix(path) != "" }

// suffix returns the end of a path that is the endpoint of d, or "".
func (d *Dialect) suffix(path string) string {
	path = strings.TrimRight(path, "/")
	for _, p := range append([]string{cmp.Or(d.template, d.Path)}, d.also...) {
		for _, stream := range []string{"", "_stream"} {
			p := strings.ReplaceAll(p, "{_stream}", stream)
			before, after, model := strings.Cut(p, "{model}")
			switch {
			case !model && strings.HasSuffix(path, p):
				return p
			case model && strings.HasSuffix(path, after) && strings.Contains(path, before):
				return path[strings.LastIndex(path, before):]
			}
		}
	}
	return ""
}

// named returns the dialects whose endpoint path ends in: those with the longest end, because /chat/completions also
// ends in /completions.
func named(list []Dialect, path string) []Dialect {
	var found []Dialect
	longest := 1
	for i := range list {
		switch n := len(list[i].suffix(path)); {
		case n > longest:
			found, longest = []Dialect{list[i]}, n
		case n == longest:
			found = append(found, list[i])
		}
	}
	return found
}
