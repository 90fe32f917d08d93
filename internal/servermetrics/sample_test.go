package servermetrics

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"perfpipe/internal/prompage"
)

// Each page in testdata becomes the sample beside it.
func TestPages(t *testing.T) {
	pages, err := filepath.Glob("testdata/*.prom")
	if err != nil || len(pages) == 0 {
		t.Fatal(pages, err)
	}
	for _, file := range pages {
		page, _ := os.ReadFile(file)
		want, _ := os.ReadFile(strings.TrimSuffix(file, "prom") + "json")
		s, _ := scrape(t.Context(), answer(http.StatusOK, string(page)), "http://server/metrics", time.Second)
		if got, err := json.Marshal(s); err != nil || string(got)+"\n" != string(want) {
			t.Errorf("%s: %v\n got %s\nwant %s", file, err, got, want)
		}
	}
}

func TestPagesWithoutMetrics(t *testing.T) {
	const none = "it has no metrics"
	const html = "not a page of Prometheus metrics: text format parsing error in line 1: invalid metric name"
	for page, want := range map[string]string{"# only a comment\n": none, "": none, "<html>": html} {
		s, _ := scrape(t.Context(), answer(http.StatusOK, page), "http://server/metrics", time.Second)
		if s.Error != want || s.Metrics != nil || s.GPUs != nil {
			t.Errorf("%q: %+v", page, s)
		}
	}
	missing, _ := scrape(t.Context(), answer(http.StatusNotFound, ""), "http://server/metrics", time.Second)
	if missing.Error != "HTTP 404" {
		t.Errorf("%+v", missing)
	}
	long, _ := scrape(t.Context(), answer(http.StatusOK, strings.Repeat("m 1\n", maxPage/4)+"\n"), "http://server/metrics",
		time.Second)
	if long.Error != "the page is longer than 8388608 bytes" || long.Metrics != nil {
		t.Errorf("%+v", long)
	}
	refuses := transport(func(*http.Request) (*http.Response, error) { return nil, errors.New("refused") })
	refused, _ := scrape(t.Context(), &http.Client{Transport: refuses}, "http://server/metrics", time.Second)
	if refused.Error != "refused" {
		t.Errorf("%+v", refused)
	}
}

type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

func answer(status int, body string) *http.Client {
	return &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body))}, nil
	})}
}

func TestSample(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now().UnixMicro()
		var at []int64
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		err := sample(ctx, Config{
			URLs: []string{"http://server/metrics"}, Client: answer(http.StatusOK, "sglang:num_running_reqs 1\n"),
			Write: func(s Sample) error {
				if s.Metrics["running"] != 1 || s.Error != "" {
					t.Errorf("%+v", s)
				}
				at = append(at, (s.AtUs-start)/1000)
				return nil
			},
		}, nil, func() {})
		// At once, each second, and once more at the end.
		if got, _ := json.Marshal(at); err != nil || string(got) != "[0,1000,2000,2500]" {
			t.Errorf("samples at %v ms, %v", at, err)
		}
	})
}

func TestSampleEndsWhenNothingCanBeWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("disk full")
		n := 0
		err := sample(t.Context(), Config{
			URLs:   []string{"http://a/metrics", "http://b/metrics"},
			Client: answer(http.StatusOK, "sglang:num_running_reqs 1\n"),
			Write:  func(Sample) error { n++; return full },
		}, nil, func() {})
		if err != full || n != 1 {
			t.Errorf("%v after %d samples", err, n)
		}
	})
}

func TestNvidiaSMI(t *testing.T) {
	bin := t.TempDir()
	script := "#!/bin/sh\necho \"$@\" >\"$0.args\"\n" +
		"echo '0, NVIDIA A100-SXM4-80GB, 97, 71000, 81920, 350.12, GPU-1'\n" +
		"echo '1, \"GB10, really\", [N/A], [N/A], [N/A], 12, GPU-2'\n" +
		"echo 'Failed to talk'\n"
	if err := os.WriteFile(filepath.Join(bin, smi), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	var got []string
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := sample(ctx, Config{GPUs: true, Interval: 250 * time.Millisecond, Write: func(s Sample) error {
		if s.AtUs = 0; s.Source != smi { // this machine may have other meters
			return nil
		}
		b, err := json.Marshal(s)
		if got = append(got, string(b)); len(got) == 2 {
			cancel()
		}
		return err
	}}, nil, func() {})
	want, _ := os.ReadFile("testdata/nvidia-smi.jsonl")
	if err != nil || strings.Join(got, "\n")+"\n" != string(want) {
		t.Errorf("%v\n%s", err, strings.Join(got, "\n"))
	}
	args, err := os.ReadFile(filepath.Join(bin, smi+".args"))
	if err != nil || !strings.HasSuffix(string(args), "-lms 250\n") {
		t.Errorf("%s, %v", args, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("vllm:num_requests_running{engine=\"0\"} 3.0\n")
	f.Fuzz(func(t *testing.T, page string) {
		families, err := parse(strings.NewReader(page))
		if err != nil && families != nil {
			t.Errorf("%v with %v", families, err)
		}
		s := Sample{Source: "page"}
		s.fill(families)
		s.Delta = new(prompage.Encoder).Encode(families)
		line, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Read(bytes.NewReader(line), "f"); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		parseGPU(page)
		parseAMD([]byte(page))
		parseEnergy([]byte(page))
	})
}
