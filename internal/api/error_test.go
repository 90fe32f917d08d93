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
		// what gateways and other services write
		`{"base_resp":{"status_code":1004,"status_msg":"login fail: Please carry the API secret key"}}`:      "login fail: Please carry the API secret key",
		`{"error_code":110,"error_msg":"Access token invalid or no longer valid"}`:                           "Access token invalid or no longer valid",
		`{"error":"invalid_grant","error_description":"Token has expired"}`:                                  "invalid_grant: Token has expired",
		`{"timestamp":"2026","status":400,"error":"Bad Request","message":"model is required","path":"/v1"}`: "Bad Request: model is required",
		`{"error":true,"message":"bad"}`: "bad",
		`{"error":{},"msg":"bad"}`:       "bad",
		`{"error":["one","two"]}`:        "one; two",
		`{"error":[{"message":"one"}]}`:  "one",
		`{"errors":["one"]}`:             "one",
		`{"success":false,"errors":[{"code":1000,"message":"not found"}],"messages":[],"result":null}`:                                  "not found",
		`{"message":"Validation failed","errors":[{"field":"model","message":"is missing"}]}`:                                           "Validation failed: model: is missing",
		`{"type":"https://tools/","title":"One or more errors.","status":400,"errors":{"model":["is missing"],"n":["<1"]}}`:             "model: is missing; n: <1",
		`{"type":"about:blank","title":"Not Found","detail":"no route"}`:                                                                "no route",
		`{"fault":{"faultstring":"Rate limit quota violation","detail":{"errorcode":"policies.ratelimit.QuotaViolation"}}}`:             "Rate limit quota violation",
		`{"Response":{"Error":{"Code":"AuthFailure","Message":"The SecretId is not found"},"RequestId":"r"}}`:                           "The SecretId is not found",
		`{"header":{"code":10013,"message":"input refused","sid":"s"}}`:                                                                 "input refused",
		`{"Message":"User: anonymous is not authorized"}`:                                                                               "User: anonymous is not authorized",
		`{"error":{"message":"{\"error\":{\"message\":\"inner\",\"code\":1}}"}}`:                                                        "inner",
		`{"error":{"message":"Provider returned error","code":429,"metadata":{"raw":"{\"error\":\"slow down\"}","provider_name":"x"}}}`: "Provider returned error: slow down",
		`{"detail":{"error":"no model"}}`:      "no model",
		`{"detail":[]}`:                        `{"detail":[]}`,
		`{"error":{"code":"model_not_found"}}`: "model_not_found",
		`{"error":{"message":{"text":["a"]}}}`: `{"error":{"message":{"text":["a"]}}}`,
		"data: {\"error\": {\"message\": \"Error processing stream start\", \"code\": \"500\"}}\n\ndata: [DONE]\n\n": "Error processing stream start",
		"event: error\r\ndata: engine crashed\r\n\r\n":                                                               "engine crashed",
		"event: error\n: \"Stream ended before generation completed\"\n\n":                                           "Stream ended before generation completed",
		"{\"error\":\"one\"}\n{\"done\":true}\n":                                                                     "one",
		"<html><head><title>Error</title></head><body><pre>Cannot POST /v1/x</pre></body></html>":                    "Cannot POST /v1/x",
		"<html><style>p{a:b}</style><body><h1>Service &amp; more</h1></body></html>":                                 "Service & more",
		"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>":            "Access Denied",
		"\x1f\x8b\x08\x00\x00": "5 bytes that are not text",
		"<html>\n<head><title>502 Bad Gateway</title></head><body>…</body></html>": "502 Bad Gateway",
		"<p>no <b>title</b></p>": "no title",
		"Internal Server Error":  "Internal Server Error",
		"two\nlines":             "two lines",
		`{"foo":1}`:              `{"foo":1}`,
		strings.Repeat("é", 200): strings.Repeat("é", 150) + "…",
		``:                       "",
		`{"detail":"Unexpected fields in the request: {'ignore_eos', 'top_k'}"}`:                                "Unexpected fields in the request: {'ignore_eos', 'top_k'}",
		`{"detail":[{"type":"extra_forbidden","loc":["body","top_k"],"msg":"Extra inputs are not permitted"}]}`: "body.top_k: Extra inputs are not permitted",
		`{"error":{"message":"top_k: Extra inputs are not permitted"}}`:                                         "top_k: Extra inputs are not permitted",
		`{"error":{"message":"Unrecognized request argument supplied: top_k"}}`:                                 "Unrecognized request argument supplied: top_k",
		`{"error":{"message":"Unknown parameter: 'ignore_eos'.","param":"ignore_eos"}}`:                         "Unknown parameter: 'ignore_eos'.",
	} {
		if got := ErrorMessage([]byte(body)); got != want {
			t.Errorf("%s\n got %s\nwant %s", body, got, want)
		}
	}
}
