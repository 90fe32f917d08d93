package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/goccy/go-json"

	"perfpipe/internal/api"
	"perfpipe/internal/load"
	"perfpipe/internal/mask"
	"perfpipe/internal/request"
)

const modelsTimeout = 30 * time.Second

// ErrNoModel is the error of a body without a model if the server does not tell which models it has.
var ErrNoModel = errors.New("the body names no model, and the server cannot be asked for one")

// modelName returns Config.Model, else the first model of the server.
func (p *preparer) modelName(ctx context.Context) (string, error) {
	if p.c.cfg.Model != "" {
		return p.c.cfg.Model, nil
	}
	p.model.Lock()
	defer p.model.Unlock()
	if p.firstModel != "" {
		return p.firstModel, nil
	}
	name, err := p.askModel(ctx)
	p.firstModel = name
	return name, err
}

// askModel asks the server for its models and returns the first one.
func (p *preparer) askModel(ctx context.Context) (string, error) {
	u := modelsURL(p.c.cfg.URL)
	bad := func(err error) error {
		return fmt.Errorf("%w: GET %s: %w", ErrNoModel, mask.URL(u.String()), err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, modelsTimeout, fmt.Errorf("no answer within %v", modelsTimeout))
	defer cancel()
	d, _ := api.ForPath(strings.TrimRight(p.c.cfg.URL.Path, "/"))
	c := call{
		ep:  newEndpoint(p.c, u, http.MethodGet, d, false),
		req: load.NewRequest(request.Request{ID: uniqueID("models")}),
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return "", bad(err)
	}
	req.Header, req.Host = c.httpHeader()
	resp, err := p.c.std.rt.RoundTrip(req)
	if err != nil {
		return "", bad(p.c.std.explain(ctx, c.ep.addr, err))
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return "", bad(p.c.std.explain(ctx, c.ep.addr, err))
	}
	var models struct {
		Data []struct {
			ID    string `json:"id"`
			Owner string `json:"owned_by"`
		} `json:"data"`
	}
	switch {
	case resp.StatusCode/100 != 2:
		return "", bad(fmt.Errorf("HTTP %d: %s", resp.StatusCode, api.ErrorMessage(raw)))
	case json.Unmarshal(raw, &models) != nil:
		return "", bad(errors.New("the answer is not a list of models"))
	case len(models.Data) == 0 || models.Data[0].ID == "":
		return "", bad(errors.New("it has no models"))
	}
	p.owner.Store(models.Data[0].Owner)
	return models.Data[0].ID, nil
}

// modelsURL returns the URL of a server's list of models. server is an origin, a base or a whole endpoint.
func modelsURL(server *url.URL) *url.URL {
	u := *server
	u.Path = strings.TrimRight(u.Path, "/")
	d, whole := api.ForPath(u.Path)
	base, other := api.BaseOfOther(u.Path)
	switch {
	case whole && d.Base+d.Path != "" && strings.HasSuffix(u.Path, d.Base+d.Path):
		u.Path = strings.TrimSuffix(u.Path, d.Base+d.Path) + "/v1"
	case whole:
		u.Path = strings.TrimSuffix(u.Path, d.Path)
	case other:
		u.Path = base
	case u.Path == "":
		u.Path = "/v1"
	}
	u.Path, u.RawPath, u.RawQuery = u.Path+"/models", "", ""
	return &u
}
