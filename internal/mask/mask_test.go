package mask

import (
	"net/url"
	"testing"
)

func TestName(t *testing.T) {
	for _, name := range []string{
		"Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "x-api-key", "API_KEY", "apikey", "key", "token",
		"access_token", "sig", "X-Amz-Signature",
		"X-Amz-Security-Token", "subscription-key", "Ocp-Apim-Subscription-Key", "password", "client_secret", "X-Auth",
		"X-Token-Id", "session_id", "x-session-id", "hf_token",
	} {
		if !Name(name) {
			t.Errorf("%s is not a secret", name)
		}
	}
	for _, name := range []string{"model", "api-version", "prompt_tokens", "max_tokens", "token_count", "tokenizer",
		"keyboard", "X-Route", "Content-Type", "monkey", "author"} {
		if Name(name) {
			t.Errorf("%s is a secret", name)
		}
	}
}

func TestURL(t *testing.T) {
	for in, want := range map[string]string{
		"":                                     "",
		"http://h:8000/v1/chat/completions":    "http://h:8000/v1/chat/completions",
		"https://h/o?api-version=2024-10-21":   "https://h/o?api-version=2024-10-21",
		"https://h/o?key=SECRETQ":              "https://h/o?key=***",
		"https://h/o?alt=sse&x=a-secret&n=1&b": "https://h/o?alt=sse&x=***&n=1&b",
		"https://h/o?key=1":                    "https://h/o?key=***",
		"https://h/o?a%5b=SECRETQ&a%5b=OTHER2": "https://h/o?a%5b=***&a%5b=***",
		"https://h/o?key=***":                  "https://h/o?key=***",
		"https://me:pw@h/o":                    "https://***@h/o",
		"socks5://me:pw@h:1080":                "socks5://***@h:1080",
		"https://me@h/o":                       "https://***@h/o",
		"/v1/chat/completions?key=SECRETQ":     "/v1/chat/completions?key=***",
		"what? a question":                     "what? a question",
		"is a=b? yes=no":                       "is a=b? yes=no",
	} {
		if got := URL(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestURLs(t *testing.T) {
	for in, want := range map[string]string{
		"plain": "plain",
		"GET http://me:pw@h/v1?key=abc: no, see http://h.": "GET http://***@h/v1?key=***: no, see http://h.",
		`"https://h/?token=SECRETQ" (http://h/?sig=x)`:     `"https://h/?token=***" (http://h/?sig=***)`,
	} {
		if got := URLs(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestSecrets(t *testing.T) {
	var s Secrets
	u, err := url.Parse("http://me:pass-word@h/v1?key=query+key&model=the-model")
	if err != nil {
		t.Fatal(err)
	}
	s.AddURL(u)
	s.Add("sk-12345", "sk-12345-longer", "EMPTY", "")
	s.AddHeader("Authorization", "Bearer bear-er")
	s.AddHeader("authorization", "Basic bWU6c2VjcmV0")
	s.AddHeader("X-Route", "the-route")
	for in, want := range map[string]string{
		"bad key sk-12345-longer, sk-12345!": "bad key ***, ***!",
		"me:pass-word or bWU6cGFzcy13b3Jk":   "*** or ***",
		"pass-word":                          "***",
		"query key, query+key, query%20key":  "***, ***, ***",
		"Bearer bear-er":                     "***",
		"bear-er, me:secret, secret":         "***, ***, ***",
		"EMPTY the-route the-model":          "EMPTY the-route the-model",
	} {
		if got := s.Hide(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
