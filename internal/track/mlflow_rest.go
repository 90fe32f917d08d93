package track

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/goccy/go-json"
)

func (m *mlflow) call(ctx context.Context, method string, body, result any) error {
	ctx, stop := context.WithTimeout(ctx, callLimit)
	defer stop()
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.base+"/api/2.0/mlflow/"+method, bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	return m.do(req, result)
}

func (m *mlflow) get(ctx context.Context, method string, result any) error {
	ctx, stop := context.WithTimeout(ctx, callLimit)
	defer stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.base+"/api/2.0/mlflow/"+method, nil)
	if err != nil {
		return err
	}
	return m.do(req, result)
}

// refusal is an error response of the server.
type refusal struct {
	status  string
	Code    string `json:"error_code"`
	Message string `json:"message"`
}

func (r *refusal) Error() string {
	if r.Message == "" {
		return r.status
	}
	return r.status + ": " + strings.Join(strings.Fields(r.Message), " ")
}

func (m *mlflow) do(req *http.Request, result any) error {
	switch {
	case m.token != "":
		req.Header.Set("Authorization", "Bearer "+m.token)
	case m.user != "":
		req.SetBasicAuth(m.user, m.pass)
	}
	resp, err := m.client.Do(req)
	if outer := new(url.Error); errors.As(err, &outer) {
		err = fmt.Errorf("%s: %w", m.base, outer.Err)
	}
	if err != nil {
		return &trouble{err: err, hint: "MLFLOW_TRACKING_URI is the address of the server", again: true}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return &trouble{err: err, again: true}
	}
	if resp.StatusCode/100 == 2 {
		if result == nil {
			return nil
		}
		return json.Unmarshal(text, result)
	}
	r := &refusal{}
	json.Unmarshal(text, r) // if it is not JSON, only the status is reported
	r.status = resp.Status
	t := &trouble{err: r, again: resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests}
	if resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden {
		t.hint = "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, say who you are"
	}
	return t
}
