package api

import (
	"strings"
	"testing"
)

func TestErrorMessage(t *testing.T) {
	for body, want := range map[string]string{
		`{"error":{"message":"The model x does not exist.","type":"NotFoundError","param":"model","code":404}}`: "The model x does not exist.",
		`{"error":"model 'x' not found"}`:                                                             "model 'x' not found",
		`{"error":"Input validation error: too long","error_type":"validation"}`:                      "Input validation error: too long",
		`{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`:                 "Overloaded",
		`{"error":{"type":"overloaded_error"}}`:                                                       "overloaded_error",
		`{"code":"InvalidParameter","message":"bad","request_id":"r"}`:                                "bad",
		`{"object":"error","message":"bad","type":"BadRequestError","param":null,"code":400}`:         "bad",
		`{"detail":"prompt must be a string."}`:                                                       "prompt must be a string.",
		`{"detail":[{"type":"missing","loc":["body","messages"],"msg":"Field required","input":{}}]}`: "body.messages: Field required",
		`{"detail":[{"loc":["body",0],"msg":"a"},{"loc":["query","b"],"msg":"c"}]}`:                   "body.0: a; query.b: c",
		`{"errors":[{"message":"one"},{"message":"two"}]}`:                                            "one; two",
		`[{"error":{"code":400,"message":"API key not valid","status":"INVALID_ARGUMENT"}}]`:          "API key not valid",
		`{"msg":"bad","code":7}`: "bad",
		"<html>\n<head><title>502 Bad Gateway</title></head><body>…</body></html>": "502 Bad Gateway",
		"<p>no <b>title</b></p>": "no title",
		"Internal Server Error":  "Internal Server Error",
		"two\nlines":             "two lines",
		`{"foo":1}`:              `{"foo":1}`,
		strings.Repeat("é", 200): strings.Repeat("é", 150) + "…",
		``:                       "",
		`{"detail":"Unexpected fields in the request: {'ignore_eos', 'top_k'}"}`:                                "Unexpected fields in the request: {'ignore_eos', 'top_k'}; --drop-params ignore_eos top_k leaves it out",
		`{"detail":[{"type":"extra_forbidden","loc":["body","top_k"],"msg":"Extra inputs are not permitted"}]}`: "body.top_k: Extra inputs are not permitted; --drop-params top_k leaves it out",
		`{"error":{"message":"top_k: Extra inputs are not permitted"}}`:                                         "top_k: Extra inputs are not permitted; --drop-params top_k leaves it out",
		`{"error":{"message":"Unrecognized request argument supplied: top_k"}}`:                                 "Unrecognized request argument supplied: top_k; --drop-params top_k leaves it out",
		`{"error":{"message":"Unknown parameter: 'ignore_eos'.","param":"ignore_eos"}}`:                         "Unknown parameter: 'ignore_eos'.; --drop-params ignore_eos leaves it out",
	} {
		if got := ErrorMessage([]byte(body)); got != want {
			t.Errorf("%s\n got %s\nwant %s", body, got, want)
		}
	}
}
