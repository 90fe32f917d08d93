package track

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-json"

	"perfpipe/internal/mask"
)

// mlflow is a client of the REST API of an MLflow tracking server, version 2.0.
type mlflow struct {
	base       string // of the server
	project    string
	user, pass string
	token      string
	client     *http.Client
	broken     error

	experiment, run string
	opened          *event // the event of the run
	artifacts       string // URL below which files are put; "" if only MLflow's own client can upload files
	unreachable     string // the server's folder of files then
	tables          []logged
}

// logged is an entry of the tag that lists tables for MLflow's pages.
type logged struct {
	Path string `json:"path"`
	Type string `json:"type"`
}

const (
	callLimit  = 30 * time.Second // of one call, except for files
	batchLimit = 1000             // metrics of one call
	paramLimit = 100              // params of one call
	valueLimit = 6000             // characters of a param's value
)

func newMLflow(opt Options) *mlflow {
	m := &mlflow{
		base:    strings.TrimRight(cmp.Or(opt.Getenv("MLFLOW_TRACKING_URI"), "http://127.0.0.1:5000"), "/"),
		project: project("mlflow", opt), token: opt.Getenv("MLFLOW_TRACKING_TOKEN"),
		user: opt.Getenv("MLFLOW_TRACKING_USERNAME"), pass: opt.Getenv("MLFLOW_TRACKING_PASSWORD"),
	}
	u, err := url.Parse(m.base)
	switch {
	case err != nil:
		m.broken = &trouble{err: errors.New("MLFLOW_TRACKING_URI is not a URL")} // it may hold a password
	case u.Scheme != "http" && u.Scheme != "https":
		m.broken = &trouble{
			err: fmt.Errorf("MLFLOW_TRACKING_URI is of scheme %q, and only servers are reached", u.Scheme),
			hint: "mlflow server --backend-store-uri URI serves what the URI names; " +
				"MLFLOW_TRACKING_URI=http://127.0.0.1:5000 is then its address",
		}
	case u.User != nil:
		m.user = u.User.Username()
		m.pass, _ = u.User.Password()
		u.User = nil
		m.base = u.String()
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if opt.Getenv("MLFLOW_TRACKING_INSECURE_TLS") == "true" {
		transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
	}
	m.client = &http.Client{Transport: transport}
	return m
}

func (m *mlflow) close() { m.client.CloseIdleConnections() }

func (m *mlflow) send(ctx context.Context, e *event, _ []byte) (place string, err error) {
	if m.broken != nil {
		return "", m.broken
	}
	switch e.Op {
	case opRun:
		return m.open(ctx, e)
	case opLog:
		return "", m.log(ctx, e)
	case opConfig:
		return "", m.params(ctx, e.Config)
	case opTable:
		return "", m.table(ctx, e)
	case opChart:
		return "", m.chart(ctx, e)
	case opFile:
		return "", m.file(ctx, e.Path)
	case opFinish:
		status := "FINISHED"
		if e.Failed != "" {
			status = "FAILED"
		}
		return "", m.call(ctx, "runs/update", map[string]any{"run_id": m.run, "status": status, "end_time": e.TimeMs}, nil)
	}
	return "", nil
}

// open creates the run, and the experiment if there is none. A retry continues at the step that failed.
func (m *mlflow) open(ctx context.Context, e *event) (place string, err error) {
	if m.experiment == "" {
		if m.experiment, err = m.findExperiment(ctx); err != nil {
			return "", err
		}
	}
	if m.opened != e {
		if err := m.create(ctx, e); err != nil {
			return "", err
		}
		m.opened = e
	}
	place = fmt.Sprintf("%s/#/experiments/%s/runs/%s", m.base, m.experiment, m.run)
	return place, m.params(ctx, e.Config)
}

func (m *mlflow) create(ctx context.Context, e *event) error {
	var made struct {
		Run struct {
			Info struct {
				RunID string `json:"run_id"`
				URI   string `json:"artifact_uri"`
			} `json:"info"`
		} `json:"run"`
	}
	err := m.call(ctx, "runs/create", map[string]any{
		"experiment_id": m.experiment, "run_name": e.Name, "start_time": e.TimeMs,
		"tags": []any{map[string]string{"key": "mlflow.source.name", "value": "perf-stats"}},
	}, &made)
	if err != nil {
		return err
	}
	m.run, m.tables = made.Run.Info.RunID, nil
	m.artifacts, m.unreachable = "", made.Run.Info.URI
	if u, err := url.Parse(made.Run.Info.URI); err == nil && u.Scheme == "mlflow-artifacts" {
		m.artifacts = m.base + "/api/2.0/mlflow-artifacts/artifacts" + u.EscapedPath()
	}
	return nil
}

func (m *mlflow) findExperiment(ctx context.Context) (string, error) {
	var found struct {
		Experiment struct {
			ID string `json:"experiment_id"`
		} `json:"experiment"`
	}
	err := m.get(ctx, "experiments/get-by-name?experiment_name="+url.QueryEscape(m.project), &found)
	if err == nil {
		return found.Experiment.ID, nil
	}
	if refused := new(refusal); !errors.As(err, &refused) || refused.Code != "RESOURCE_DOES_NOT_EXIST" {
		return "", err
	}
	var made struct {
		ID string `json:"experiment_id"`
	}
	err = m.call(ctx, "experiments/create", map[string]string{"name": m.project}, &made)
	return made.ID, err
}

type mlflowMetric struct {
	Key   string  `json:"key"`
	Value float64 `json:"value"`
	Time  int64   `json:"timestamp"`
	Step  int64   `json:"step"`
}

func (m *mlflow) log(ctx context.Context, e *event) error {
	group := ""
	if e.Point != "" {
		group = mlflowName("", e.Point)
	}
	var metrics []mlflowMetric
	for _, f := range e.Values {
		metrics = append(metrics, mlflowMetric{mlflowKey(mlflowName(group, f.name)), f.value, e.TimeMs, e.Step})
	}
	return m.metrics(ctx, metrics)
}

// chart logs the points of a chart as metrics with x as the step. MLflow's steps are whole numbers; only the table has
// the other points.
func (m *mlflow) chart(ctx context.Context, e *event) error {
	var metrics []mlflowMetric
	for _, s := range e.Series {
		key := mlflowKey(mlflowName(mlflowName("", e.Name), s.Name))
		for _, p := range s.Points {
			if step := int64(p[0]); float64(step) == p[0] {
				metrics = append(metrics, mlflowMetric{key, p[1], e.TimeMs, step})
			}
		}
	}
	return m.metrics(ctx, metrics)
}

func (m *mlflow) metrics(ctx context.Context, metrics []mlflowMetric) error {
	for part := range slices.Chunk(metrics, batchLimit) {
		if err := m.call(ctx, "runs/log-batch", map[string]any{"run_id": m.run, "metrics": part}, nil); err != nil {
			return err
		}
	}
	return nil
}

// mlflowName returns a name that MLflow accepts: of letters, digits, space and _ - . : /. A slash follows only the
// group: "Req Throughput (req/s)" of rate=10 becomes "rate:10/Req Throughput req per s".
func mlflowName(group, name string) string {
	name = strings.NewReplacer("=", ":", "(", "", ")", "", "/", " per ", "%", "percent").Replace(name)
	name = strings.TrimLeft(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("_-.: ", r):
			return r
		}
		return '_'
	}, name), ". ")
	if group == "" {
		return cmp.Or(name, "_")
	}
	return group + "/" + name
}

type mlflowParam struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// params logs a configuration. The keys of inner maps are joined by a slash.
func (m *mlflow) params(ctx context.Context, config map[string]any) error {
	for part := range slices.Chunk(flatten("", config), paramLimit) {
		if err := m.call(ctx, "runs/log-batch", map[string]any{"run_id": m.run, "params": part}, nil); err != nil {
			return err
		}
	}
	return nil
}

func flatten(prefix string, config map[string]any) (out []mlflowParam) {
	for _, k := range slices.Sorted(maps.Keys(config)) {
		key := mlflowName(prefix, k)
		switch v := config[k].(type) {
		case map[string]any:
			out = append(out, flatten(key, v)...)
		case string:
			out = append(out, mlflowParam{mlflowKey(key), cut(v)})
		default:
			text, _ := json.Marshal(v) // it came from JSON
			out = append(out, mlflowParam{mlflowKey(key), cut(string(text))})
		}
	}
	return out
}

// mlflowKey shortens a name that is too long for MLflow.
func mlflowKey(name string) string { return shortened(name, nameLimit) }

// cut truncates a value that is too long for a param.
func cut(s string) string {
	if r := []rune(s); len(r) > valueLimit {
		return string(r[:valueLimit-1]) + "…"
	}
	return s
}

// table stores a table as MLflow's log_table does, with the tag that lists it for MLflow's pages.
func (m *mlflow) table(ctx context.Context, e *event) error {
	name := e.Name + ".json"
	body, err := json.Marshal(map[string]any{"columns": e.Columns, "data": e.Rows})
	if err != nil {
		return err
	}
	if err := m.put(ctx, name, int64(len(body)), bytes.NewReader(body)); err != nil {
		return err
	}
	m.tables = append(m.tables, logged{name, "table"})
	tag, err := json.Marshal(m.tables)
	if err != nil {
		return err
	}
	return m.call(ctx, "runs/set-tag", map[string]string{"run_id": m.run, "key": "mlflow.loggedArtifacts",
		"value": string(tag)}, nil)
}

func (m *mlflow) file(ctx context.Context, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return &trouble{err: err, small: true}
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return &trouble{err: err, small: true}
	}
	return m.put(ctx, filepath.Base(name), info.Size(), f)
}

func (m *mlflow) put(ctx context.Context, name string, size int64, body io.Reader) error {
	if m.artifacts == "" {
		return &trouble{
			err: fmt.Errorf("%s is not logged: the server keeps files in %s, where only its clients reach", name,
				mask.URL(m.unreachable)),
			hint:  "mlflow server --artifacts-destination URI passes them on",
			small: true,
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, m.artifacts+"/"+url.PathEscape(name), body)
	if err != nil {
		return err
	}
	req.ContentLength = size
	return m.do(req, nil)
}
