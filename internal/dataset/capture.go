package dataset

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"perfpipe/internal/api"
	"perfpipe/internal/fastjson"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/request"
)

// capture converts captured HTTP requests. It copies the headers and URL parameters that LLM APIs need and those that
// the user names; any other may be a credential.
type capture struct {
	o       *Options
	left    nameSet        // skipped headers, parameters and keys
	unknown nameSet        // skipped members of envelopes
	why     map[string]int // skipped entries, by reason

	// The current body: its text, the text without white space, and its members. The buffers are reused.
	body, bare []byte
	members    fastjson.Members

	endpoint      string // of the last entry
	knownEndpoint bool   // endpoint is that of a known API
}

// Reasons for which an entry is skipped.
const (
	noPost    = "not a POST"
	noBody    = "a POST without a body"
	noCall    = "not a request to a language model, by its path and body"
	noJSON    = "its body is not JSON, even without base64, gzip, zstd and deflate, though its path is that of an API"
	notLogged = "its prompt was not logged"
	failed    = "a request that failed: 0 tokens out"
)

// skip counts an entry that is skipped.
func (c *capture) skip(reason string) {
	if c.why == nil {
		c.why = map[string]int{}
	}
	c.why[reason]++
}

// report logs what was skipped, once.
func (c *capture) report() {
	for _, reason := range slices.Sorted(maps.Keys(c.why)) {
		n, entries := c.why[reason], "entries"
		if n == 1 {
			entries = "entry"
		}
		c.o.say("%d %s left out: %s", n, entries, reason)
	}
	if len(c.left) > 0 {
		c.o.Tell("", "secrets", "left out, as they may be secrets: %s",
			c.left)
	}
	if len(c.unknown) > 0 {
		c.o.say("unknown members of envelopes are left out: %s", c.unknown)
	}
	c.why, c.left, c.unknown = nil, nil, nil
}

// ignored notes the members of a line's envelope that are not read.
func (c *capture) ignored(r request.Request) {
	for _, name := range r.Unknown {
		c.unknown.add(name)
	}
}

// neededHeaders are the headers that LLM APIs interpret. accept and content-type are not among them, since perf-send
// writes its own.
var neededHeaders = []string{
	"anthropic-beta", "anthropic-version", "api-version", "openai-beta", "openai-version", "x-api-version",
	"x-dashscope-async", "x-dashscope-datainspection", "x-dashscope-sse",
}

// neededParameters are the URL parameters that LLM APIs interpret.
var neededParameters = []string{"alt", "api-version", "beta", "model", "stream", "version"}

// hopHeaders belong to one exchange: to its connection, the browser, or the proxies in between.
var hopHeaders = []string{
	"accept", "accept-charset", "accept-encoding", "accept-language", "age", "cache-control", "cdn-loop", "connection",
	"content-encoding", "content-length", "content-md5", "content-type", "date", "dnt", "expect", "forwarded", "host",
	"idempotency-key", "if-modified-since", "if-none-match", "keep-alive", "origin", "pragma", "priority",
	"proxy-connection", "range", "referer", "te", "traceparent", "tracestate", "baggage", "b3", "sentry-trace", "trailer",
	"transfer-encoding", "upgrade", "upgrade-insecure-requests", "user-agent", "via", "x-amzn-trace-id",
	"x-client-request-id", "x-cloud-trace-context", "x-correlation-id", "x-idempotency-key", "x-real-ip", "x-request-id",
	"x-request-start", "x-requested-with", "x-scheme", "x-original-uri", "x-original-forwarded-for",
}

// hopPrefixes are prefixes of more such headers.
var hopPrefixes = []string{":", "cf-", "sec-", "x-b3-", "x-datadog-", "x-envoy-", "x-forwarded-", "x-stainless-"}

// replayable reports whether a captured header can be sent again. The others describe the framing of one message.
func replayable(header string) bool {
	switch header = strings.ToLower(header); header {
	case "connection", "content-encoding", "content-length", "host", "keep-alive", "te", "trailer", "transfer-encoding",
		"upgrade":
		return false
	}
	return !strings.HasPrefix(header, ":")
}

// header copies a header, unless it may be a credential or belongs to the captured exchange.
func (c *capture) header(it *Item, name, value string) {
	name = strings.ToLower(name)
	wanted := slices.Contains(c.o.KeepHeaders, name)
	ofExchange := slices.Contains(hopHeaders, name) || slices.ContainsFunc(hopPrefixes,
		func(p string) bool { return strings.HasPrefix(name, p) })
	switch {
	case wanted && replayable(name):
	case ofExchange:
		return
	case !slices.Contains(neededHeaders, name) && !c.o.KeepSecrets:
		c.left.add(name)
		return
	}
	if it.Line.Headers == nil {
		it.Line.Headers = map[string]string{}
	}
	if first, again := it.Line.Headers[name]; again { // as repeated field lines mean (RFC 9110, 5.2)
		value = first + ", " + value
	}
	it.Line.Headers[name] = value
}

// address returns the path and the needed parameters of a URL.
func (c *capture) address(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil {
		return "", errors.New("not a URL") // not quoted: it may contain a credential
	}
	path := u.EscapedPath()
	if path == "/" {
		path = ""
	}
	if u.RawQuery == "" || path == "" {
		return path, nil
	}
	q := u.Query()
	for name := range q {
		if !c.o.KeepSecrets && !slices.Contains(neededParameters, strings.ToLower(name)) &&
			!slices.Contains(c.o.KeepHeaders, strings.ToLower(name)) {
			q.Del(name)
			c.left.add("?" + name)
		}
	}
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	return path, nil
}

// gatewayKeys are keys that gateways add to a body: copies of the request with its headers, and the user's identity.
var gatewayKeys = []string{
	"api_base", "api_key", "apikey", "aws_access_key_id", "aws_secret_access_key", "aws_session_token", "azure_ad_token",
	"base_url", "extra_headers", "headers", "proxy_server_request", "secret_fields", "vertex_credentials",
}

// clean returns a body without the keys that may hold credentials.
func (c *capture) clean(body []byte) ([]byte, error) {
	if c.o.KeepSecrets {
		return body, nil
	}
	var drop []string
	gjson.ParseBytes(body).ForEach(func(key, v gjson.Result) bool {
		switch {
		case ofGateway(key.Str):
			drop = append(drop, gjson.Escape(key.Str))
		case key.Str == "metadata":
			drop = append(drop, gatewayPaths(v)...)
		case key.Str == "tools" || key.Str == "mcp_servers":
			drop = append(drop, serverPaths(key.Str, v)...)
		}
		return true
	})
	for _, path := range slices.Backward(drop) {
		c.left.add(strings.ReplaceAll(path, `\`, ""))
		var err error
		if body, err = sjson.DeleteBytes(body, path); err != nil {
			return nil, err
		}
	}
	return body, nil
}

// gatewayPaths returns the paths in metadata that a gateway added.
func gatewayPaths(metadata gjson.Result) (paths []string) {
	metadata.ForEach(func(key, v gjson.Result) bool {
		name := strings.ToLower(key.Str)
		if strings.Contains(name, "api_key") || strings.Contains(name, "headers") || strings.Contains(name, "auth") ||
			strings.Contains(name, "secret") || strings.Contains(name, "password") || strings.Contains(name, "token") ||
			strings.Contains(name, "apikey") || strings.Contains(name, "credential") || strings.Contains(name, "cookie") ||
			strings.HasPrefix(name, "litellm_") || v.IsObject() {
			paths = append(paths, "metadata."+gjson.Escape(key.Str))
		}
		return true
	})
	return paths
}

// serverPaths returns the paths of the credentials of remote tools.
func serverPaths(under string, list gjson.Result) (paths []string) {
	for i, tool := range list.Array() {
		if under == "tools" && tool.Get("type").Str != "mcp" {
			continue
		}
		for _, key := range []string{"headers", "authorization", "authorization_token"} {
			if tool.Get(key).Exists() {
				paths = append(paths, fmt.Sprintf("%s.%d.%s", under, i, key))
			}
		}
	}
	return paths
}

// captured converts a captured HTTP request. keep is false if it is not a request to a language model.
func (c *capture) captured(it *Item, method, address, body string) (keep bool, err error) {
	body = strings.TrimSpace(body)
	switch {
	case method != "" && !strings.EqualFold(method, "POST"):
		c.skip(noPost)
		return false, nil
	case body == "":
		c.skip(noBody)
		return false, nil
	}
	path, err := c.address(address)
	if err != nil {
		return true, err
	}
	endpoint, _, _ := strings.Cut(path, "?")
	if endpoint != c.endpoint {
		c.endpoint = endpoint
		_, c.knownEndpoint = api.ForPath(endpoint)
	}
	known := c.knownEndpoint
	body = unpack(body)
	c.body = append(c.body[:0], body...)
	if c.members, err = fastjson.AppendMembers(c.members[:0], c.body); err != nil && known && body[0] == '{' {
		return true, fmt.Errorf("the body is not valid JSON: %.40q", body)
	}
	if err != nil && known {
		c.skip(noJSON)
		return false, nil
	}
	if err != nil || !c.o.anyBody && !isCall(endpoint, known, c.members) {
		c.skip(noCall)
		return false, nil
	}
	it.Line.URL, it.Bare = path, true
	return true, c.take(it)
}

// take sets the item's body to c.body, whose members are c.members, without white space and credentials.
func (c *capture) take(it *Item) (err error) {
	if err := c.members.Distinct(); err != nil {
		return fmt.Errorf("body: %w", err)
	}
	c.bare = appendCompact(c.bare[:0], c.body)
	it.Body, it.Members = c.bare, c.members
	if slices.ContainsFunc(c.members, func(m fastjson.Member) bool { return mayHide(string(m.Name)) }) {
		it.Members = nil
		it.Body, err = c.clean(c.bare)
	}
	return err
}

// mayHide reports whether the value of a key of a body may hold credentials.
func mayHide(key string) bool {
	return ofGateway(key) || key == "metadata" || key == "tools" || key == "mcp_servers"
}

// ofGateway reports whether gateways add this key to a body.
func ofGateway(key string) bool {
	return slices.Contains(gatewayKeys, key) || strings.HasPrefix(key, "user_api_key") ||
		strings.HasPrefix(key, "litellm_")
}

// otherEndpoints are path segments of LLM servers that do not generate, embed or rank.
var otherEndpoints = []string{
	"analytics", "apply_template", "assistants", "audio", "batches", "collect", "count_tokens", "detokenize", "events",
	"files", "fine_tuning", "images", "log", "logs", "metrics", "moderations", "telemetry", "threads", "tokenize",
	"traces", "track", "uploads", "vector_stores",
}

// isCall reports whether a body posted to a path is a request to a language model: it has the shape of one, and the
// path either is that of a known API or is unknown and the body has a second key of such a request.
func isCall(path string, known bool, body fastjson.Members) bool {
	if path == "" || known {
		return hasShape(body)
	}
	for part := range strings.FieldsFuncSeq(path, func(r rune) bool { return r == '/' || r == '-' || r == '.' }) {
		if slices.Contains(otherEndpoints, part) {
			return false
		}
	}
	return hasShape(body) && hasMember(body, "model", "messages", "max_tokens", "stream", "temperature", "parameters",
		"sampling_params",
		"documents", "contents", "text_2")
}

// maxUnpacked is the maximum size of a decompressed body, in bytes.
const maxUnpacked = 256 << 20

// unpack decodes base64 and compression if the result is JSON; otherwise it returns body.
func unpack(body string) string {
	if body[0] == '{' {
		return body
	}
	raw, err := base64.StdEncoding.DecodeString(body)
	if err != nil {
		if raw, err = base64.RawURLEncoding.DecodeString(strings.TrimRight(body, "=")); err != nil {
			return body
		}
	}
	r, err := jsonl.Decompress(bytes.NewReader(raw))
	if z, bad := zlib.NewReader(bytes.NewReader(raw)); bad == nil { // HTTP's name for it is deflate
		r, err = z, nil
	}
	if err != nil {
		return body
	}
	plain, err := io.ReadAll(io.LimitReader(r, maxUnpacked))
	if plain = bytes.TrimSpace(plain); err != nil || len(plain) == 0 || plain[0] != '{' {
		return body
	}
	return string(plain)
}

// embedded returns v, decoded if it is a string that contains JSON.
func embedded(v gjson.Result) gjson.Result {
	if v.Type == gjson.String {
		if text := strings.TrimSpace(v.Str); text != "" && (text[0] == '{' || text[0] == '[') && gjson.Valid(text) {
			return gjson.Parse(text)
		}
	}
	return v
}

// bodyOf returns the text of a body that is logged as a string or as an object.
func bodyOf(v gjson.Result) string {
	if v.IsObject() {
		return v.Raw
	}
	return v.Str
}
