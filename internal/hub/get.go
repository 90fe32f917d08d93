package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	json "github.com/goccy/go-json"

	"perfpipe/internal/fault"
)

// getter is the HTTP client of one hub.
type getter struct {
	endpoint string
	id       string
	auth     http.Header // sent to the endpoint's host only
	tokenVar string      // variable that contains a token
	page     string      // page of the repository for a browser
	offline  string      // variable that forbids the network; "" if none is set
	say      func(format string, args ...any)
	bar      io.Writer
	client   *http.Client
	stall    time.Duration // idle time after which a connection is closed
	pause    time.Duration // before the second try; doubled for each further one
}

func newGetter(endpoint, id string) *getter {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DialContext = (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	t.ResponseHeaderTimeout = 60 * time.Second
	g := &getter{endpoint: endpoint, id: id, stall: 60 * time.Second, pause: time.Second}
	g.client = &http.Client{Transport: t, CheckRedirect: func(req *http.Request, via []*http.Request) error {
		if !g.own(req) {
			// net/http would still send them to another port or a subdomain.
			req.Header.Del("Authorization")
			req.Header.Del("Cookie")
		}
		if len(via) >= 10 {
			return errors.New("stopped after 10 redirects")
		}
		return nil
	}}
	return g
}

// own reports whether a request goes to the hub itself, the only host that may receive the token.
func (g *getter) own(req *http.Request) bool {
	scheme, rest, _ := strings.Cut(g.endpoint, "://")
	host, _, _ := strings.Cut(rest, "/")
	return strings.EqualFold(req.URL.Scheme, scheme) && strings.EqualFold(req.URL.Host, host)
}

// awayError is the error of a hub that is unreachable or out of order, rather than one that refuses.
type awayError struct{ err error }

func (e *awayError) Error() string { return e.err.Error() }
func (e *awayError) Unwrap() error { return e.err }

func (g *getter) request(ctx context.Context, method, u string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, u, nil)
	if err != nil {
		return nil, fault.Usage("HF_ENDPOINT and MODELSCOPE_ENDPOINT are URLs such as https://host", "%w", err)
	}
	for k, v := range g.auth {
		req.Header[k] = v
	}
	req.Header.Set("User-Agent", "perfpipe")
	req.Header.Set("Accept-Encoding", "identity") // sizes and ranges must be those of the file
	return req, nil
}

// do sends req. It returns an error that names the URL for every response that is not a success.
func (g *getter) do(c *http.Client, req *http.Request) (*http.Response, error) {
	resp, err := c.Do(req)
	if err != nil {
		if req.Context().Err() != nil {
			return nil, context.Cause(req.Context())
		}
		return nil, &awayError{fmt.Errorf("%s: %w", req.URL, bare(err))}
	}
	if resp.StatusCode < 400 || resp.StatusCode == http.StatusRequestedRangeNotSatisfiable {
		return resp, nil
	}
	defer resp.Body.Close()
	return nil, g.refusal(req, resp)
}

// bare removes the method and URL that net/http puts before the cause.
func bare(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// refusal describes an HTTP error.
func (g *getter) refusal(req *http.Request, resp *http.Response) error {
	code, said := resp.Header.Get("X-Error-Code"), resp.Header.Get("X-Error-Message")
	if said == "" {
		body, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
		said = message(body)
	}
	if said == "" {
		said = http.StatusText(resp.StatusCode)
	}
	said = fmt.Sprintf("%s (HTTP %d)", strings.TrimRight(said, ". \n"), resp.StatusCode)
	switch {
	case code == "EntryNotFound", code == "" && resp.StatusCode == http.StatusNotFound && req.Method == http.MethodHead:
		return fault.Fail("its files are shown at "+g.page, "%s: %w",
			req.URL, &missingError{said, resp.Header.Get("X-Repo-Commit")})
	case code == "RepoNotFound", code == "RevisionNotFound", resp.StatusCode == http.StatusNotFound:
		return fault.Fail(fmt.Sprintf("check name and revision at %s; a private repository needs %s; or %s",
			g.page, g.tokenVar, g.localHint()), "%s: %s", req.URL, said)
	case resp.StatusCode == http.StatusUnauthorized, resp.StatusCode == http.StatusForbidden:
		next := "set " + g.tokenVar
		if g.auth != nil {
			next = "the token of " + g.tokenVar + " has no access"
		}
		return fault.Fail(fmt.Sprintf("%s; a gated repository's terms are accepted at %s; or %s",
			next, g.page, g.localHint()), "%s: %s", req.URL, said)
	case resp.StatusCode >= 500, resp.StatusCode == http.StatusTooManyRequests,
		resp.StatusCode == http.StatusRequestTimeout:
		return &awayError{fmt.Errorf("%s: %s", req.URL, said)}
	}
	return fault.Fail(g.localHint(), "%s: %s", req.URL, said)
}

// message returns the message in an error's body.
func message(body []byte) string {
	var e struct{ Message, Error string }
	if json.Unmarshal(body, &e) == nil {
		if e.Message != "" {
			return e.Message
		}
		return e.Error
	}
	if s := strings.TrimSpace(string(body)); len(s) < 200 && !strings.HasPrefix(s, "<") {
		return s
	}
	return ""
}

// missingError is the error of a file that a commit does not have.
type missingError struct{ said, commit string }

func (e *missingError) Error() string        { return e.said }
func (e *missingError) Is(target error) bool { return target == fs.ErrNotExist }

// missingIn returns the commit that lacks the file according to err, or "".
func missingIn(err error) string {
	if m, ok := errors.AsType[*missingError](err); ok {
		return m.commit
	}
	return ""
}

// localHint returns the hint for a hub that cannot be used.
func (g *getter) localHint() string {
	return "download it elsewhere from " + g.page + " and give the path of the copy instead of the name"
}

// json sends a GET request and decodes the response. It returns the URL of the next page, or "".
func (g *getter) json(ctx context.Context, u string, into any) (next string, err error) {
	err = g.retry(ctx, func() error {
		req, err := g.request(ctx, http.MethodGet, u)
		if err != nil {
			return err
		}
		resp, err := g.do(g.client, req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
			return fault.Fail(g.localHint(), "%s: not the JSON that a hub answers: %w", u, err)
		}
		next = nextPage(resp)
		return nil
	})
	return next, err
}

var nextLink = regexp.MustCompile(`<([^<>]+)>;[^<]*\brel="?next\b`)

// nextPage returns the URL of the next page in the header Link, or "". It is on the same host, which has the token.
func nextPage(resp *http.Response) string {
	m := nextLink.FindStringSubmatch(strings.Join(resp.Header.Values("Link"), ","))
	if m == nil {
		return ""
	}
	u, err := resp.Request.URL.Parse(m[1])
	if err != nil || u.Host != resp.Request.URL.Host || u.Scheme != resp.Request.URL.Scheme {
		return ""
	}
	return u.String()
}

// head sends a HEAD request and follows redirects within the hub only.
func (g *getter) head(ctx context.Context, u string) (resp *http.Response, err error) {
	c := *g.client
	c.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		if !g.own(req) || req.Response.Header.Get("X-Linked-Etag") != "" {
			return http.ErrUseLastResponse
		}
		return g.client.CheckRedirect(req, via)
	}
	err = g.retry(ctx, func() error {
		req, err := g.request(ctx, http.MethodHead, u)
		if err != nil {
			return err
		}
		if resp, err = g.do(&c, req); err == nil {
			resp.Body.Close()
		}
		return err
	})
	return resp, err
}

// retry calls f again while the hub is out of order, three times in all. An unreachable hub is not tried again, since
// the cache may have a copy.
func (g *getter) retry(ctx context.Context, f func() error) error {
	pause := g.pause
	for try := 1; ; try++ {
		err := f()
		var away *awayError
		var op *net.OpError
		if !errors.As(err, &away) || errors.As(err, &op) && op.Op == "dial" || try == 3 {
			return err
		}
		if err := wait(ctx, pause); err != nil {
			return err
		}
		pause *= 2
	}
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
