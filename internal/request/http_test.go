package request

import (
	"fmt"
	"strings"
	"testing"

	"github.com/goccy/go-json"
)

// What would become another header, another request or another server is not a request line.
func TestHTTP(t *testing.T) {
	for envelope, want := range map[string]string{
		`"custom_id":"a-1 é"`:          "",
		`"custom_id":"x\r\nX-Evil: 1"`: "custom_id has a control character",
		`"custom_id":"x\nX-Evil: 1"`:   "custom_id has a control character",
		`"custom_id":"x\u0000"`:        "custom_id has a control character",
		`"custom_id":"x\u007f"`:        "custom_id has a control character",

		`"method":"post"`:                 "",
		`"method":"POST /x HTTP/1.1\r\n"`: "method is not an HTTP method",
		`"method":"PO ST"`:                "method is not an HTTP method",
		`"method":"connect"`:              "method is CONNECT",
		`"method":"HEAD"`:                 "method is HEAD",

		`"url":"/v1/chat/completions?api-version=1"`: "",
		`"url":"v1/chat/completions"`:                "",
		`"url":"http://h/v1"`:                        "",
		`"url":"/v1/é"`:                              "",
		`"url":"/v1\r\nX-Evil: 1"`:                   "url is not a URL",
		`"url":"/v1/%zz"`:                            "url is not a URL",
		`"url":"file:///etc/passwd"`:                 "url is neither a path nor",
		`"url":"ftp://h/v1"`:                         "url is neither a path nor",
		`"url":"javascript:alert(1)"`:                "url is neither a path nor",
		`"url":"http:v1"`:                            "url is neither a path nor",

		`"headers":{"X-A":"b","x-b":"c\td é"}`:      "",
		`"headers":{"X-A":"b\r\nX-Evil: 1"}`:        "headers: the value of X-A has a control character",
		`"headers":{"X-A":"b\rX-Evil: 1"}`:          "headers: the value of X-A has a control character",
		`"headers":{"X-A":"b\u0000"}`:               "headers: the value of X-A has a control character",
		`"headers":{"X-A\r\nX-Evil":"1"}`:           "is not a header name",
		`"headers":{"X A":"1"}`:                     "is not a header name",
		`"headers":{"X-A:":"1"}`:                    "is not a header name",
		`"headers":{"":"1"}`:                        "is not a header name",
		`"headers":{"X-é":"1"}`:                     "is not a header name",
		`"headers":{"X-A":"1","x-a":"2"}`:           "headers: X-A and x-a are one header",
		`"headers":{"Host":"model.example.com"}`:    "",
		`"headers":{"host":"[::1]:8080"}`:           "",
		`"headers":{"host":"a b"}`:                  "headers: host is not a host",
		`"headers":{"host":"a/b"}`:                  "headers: host is not a host",
		`"headers":{"Connection":"close"}`:          "",
		`"headers":{"connection":"Keep-Alive"}`:     "",
		`"headers":{"connection":"upgrade"}`:        "headers: connection is close or keep-alive",
		`"headers":{"content-length":"5"}`:          "headers: content-length follows from the body",
		`"headers":{"Transfer-Encoding":"chunked"}`: "headers: Transfer-Encoding follows from the body",
		`"headers":{"content-encoding":"gzip"}`:     "headers: content-encoding follows from the body",
		`"headers":{"Upgrade":"h2c"}`:               "headers: Upgrade is the connection's",
		`"headers":{"Expect":"100-continue"}`:       "headers: Expect is the connection's",
	} {
		r, err := Parse([]byte(`{` + envelope + `,"body":{}}`))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: error %v, want %q", envelope, err, want)
		}
		if err == nil && r.Method != strings.ToUpper(r.Method) {
			t.Errorf("%s: method %s", envelope, r.Method)
		}
	}
}

// An accepted value never leaves its place in the header of a request.
func FuzzHTTP(f *testing.F) {
	f.Add("id", "POST", "/v1", "X-A", "b")
	f.Add("x\r\ny", "P T", "//h/\n", "X A", "b\r\n")
	f.Fuzz(func(t *testing.T, id, method, ref, name, value string) {
		line, err := json.Marshal(map[string]any{
			"custom_id": id, "method": method, "url": ref, "headers": map[string]string{name: value}, "body": map[string]any{},
		})
		if err != nil {
			t.Skip()
		}
		r, err := Parse(line)
		if err != nil {
			return
		}
		head := fmt.Sprint(r.ID, r.Method, r.Headers)
		if strings.ContainsAny(head, "\r\n\x00") || strings.ContainsAny(r.Method, " :") {
			t.Errorf("%q is accepted", head)
		}
		for name := range r.Headers {
			if strings.ContainsAny(name, ": \t") {
				t.Errorf("the name %q is accepted", name)
			}
		}
	})
}

// An error has no value, which may be a secret.
func TestParseHeaders(t *testing.T) {
	if got, err := ParseHeaders([]string{"X-A=b=c", "X-B="}); len(got) != 2 || got["X-A"] != "b=c" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	for _, bad := range []string{"Authorization: Bearer secret", "=secret", "X-A=secret\n", "Content-Length=secret", ""} {
		if _, err := ParseHeaders([]string{bad}); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
