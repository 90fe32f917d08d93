package servermetrics

import (
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
)

func TestPages(t *testing.T) {
	for page, want := range map[string]string{
		`# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="tiny"} 3.0
vllm:num_requests_running{engine="1",model_name="tiny"} 1.0
# TYPE vllm:kv_cache_usage_perc gauge
vllm:kv_cache_usage_perc{engine="0"} 0.5
vllm:kv_cache_usage_perc{engine="1"} 0.25
# TYPE vllm:gpu_cache_usage_perc gauge
vllm:gpu_cache_usage_perc{engine="0"} 0.9
# TYPE vllm:prefix_cache_hits_total counter
vllm:prefix_cache_hits_total{engine="0"} 1.234e+06
# TYPE vllm:time_to_first_token_seconds histogram
vllm:time_to_first_token_seconds_bucket{le="0.001"} 0.0
vllm:time_to_first_token_seconds_bucket{le="+Inf"} 2.0
vllm:time_to_first_token_seconds_count 2.0
vllm:time_to_first_token_seconds_sum 0.5
# TYPE vllm:spec_decode_num_drafts_total counter
vllm:spec_decode_num_drafts_total 4
`: `{"at_us":0,"source":"http://server/metrics","server":"vllm","metrics":{"drafts":4,"kv_cache":0.375,"prefix_hits":1234000,"running":4}}`,
		`# TYPE sglang:num_running_reqs gauge
sglang:num_running_reqs{model_name="m"} 2
sglang:num_queue_reqs{model_name="m"} 7
sglang:token_usage{model_name="m"} 0.28
sglang:cache_hit_rate{model_name="m"} 0.1
sglang:spec_accept_rate{model_name="m"} NaN
sglang:spec_accept_length{model_name="m"} 2.5
`: `{"at_us":0,"source":"http://server/metrics","server":"sglang","metrics":{"accept_length":2.5,"kv_cache":0.28,"prefix_hit_rate":0.1,"running":2,"waiting":7}}`,
		`# TYPE tgi_queue_size gauge
tgi_queue_size 5
# TYPE tgi_batch_current_size gauge
tgi_batch_current_size 8
# TYPE tgi_request_generated_tokens histogram
tgi_request_generated_tokens_bucket{le="1"} 0
tgi_request_generated_tokens_bucket{le="+Inf"} 3
tgi_request_generated_tokens_sum 60
tgi_request_generated_tokens_count 3
`: `{"at_us":0,"source":"http://server/metrics","server":"tgi","metrics":{"completion_tokens":60,"running":8,"waiting":5}}`,
		`# TYPE DCGM_FI_DEV_GPU_UTIL gauge
DCGM_FI_DEV_GPU_UTIL{gpu="1",modelName="NVIDIA H100"} 75
DCGM_FI_DEV_GPU_UTIL{gpu="0",modelName="NVIDIA H100"} 0
# TYPE DCGM_FI_DEV_FB_USED gauge
DCGM_FI_DEV_FB_USED{gpu="0",modelName="NVIDIA H100"} 1024
# TYPE DCGM_FI_DEV_FB_FREE gauge
DCGM_FI_DEV_FB_FREE{gpu="0",modelName="NVIDIA H100"} 80000
# TYPE DCGM_FI_DEV_POWER_USAGE gauge
DCGM_FI_DEV_POWER_USAGE{gpu="0"} 61.5
`: `{"at_us":0,"source":"http://server/metrics","gpus":[{"index":0,"name":"NVIDIA H100","utilization":0,"memory_used_mib":1024,"memory_total_mib":81024,"power_w":61.5},{"index":1,"name":"NVIDIA H100","utilization":0.75}]}`,
		"go_goroutines 7\n": `{"at_us":0,"source":"http://server/metrics","error":"it has none of the metrics known here"}`,
		"":                  `{"at_us":0,"source":"http://server/metrics","error":"it has none of the metrics known here"}`,
		"<html>":            `{"at_us":0,"source":"http://server/metrics","error":"not a page of Prometheus metrics: text format parsing error in line 1: invalid metric name"}`,
	} {
		s := Scrape(t.Context(), answer(http.StatusOK, page), "http://server/metrics", time.Second)
		if got, err := json.Marshal(s); err != nil || string(got) != want {
			t.Errorf("%v\n got %s\nwant %s", err, got, want)
		}
	}
	if s := Scrape(t.Context(), answer(http.StatusNotFound, ""), "http://server/metrics", time.Second); s.Error != "HTTP 404" {
		t.Errorf("%+v", s)
	}
	refused := &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) { return nil, errors.New("refused") })}
	if s := Scrape(t.Context(), refused, "http://server/metrics", time.Second); s.Error != "refused" {
		t.Errorf("%+v", s)
	}
}

type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

func answer(status int, body string) *http.Client {
	return &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body))}, nil
	})}
}

func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now().UnixMicro()
		var at []int64
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		err := Run(ctx, Config{
			URLs: []string{"http://server/metrics"}, Client: answer(http.StatusOK, "sglang:num_running_reqs 1\n"),
			Write: func(s Sample) error {
				if s.Metrics["running"] != 1 || s.Error != "" {
					t.Errorf("%+v", s)
				}
				at = append(at, (s.AtUs-start)/1000)
				return nil
			},
		})
		// At once, each second, and once more at the end.
		if got, _ := json.Marshal(at); err != nil || string(got) != "[0,1000,2000,2500]" {
			t.Errorf("samples at %v ms, %v", at, err)
		}
	})
}

func TestRunEndsWhenNothingCanBeWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("disk full")
		n := 0
		err := Run(t.Context(), Config{
			URLs: []string{"http://a/metrics", "http://b/metrics"}, Client: answer(http.StatusOK, "sglang:num_running_reqs 1\n"),
			Write: func(Sample) error { n++; return full },
		})
		if err != full || n != 1 {
			t.Errorf("%v after %d samples", err, n)
		}
	})
}

func TestNvidiaSMI(t *testing.T) {
	bin := t.TempDir()
	script := "#!/bin/sh\necho \"$@\" >\"$0.args\"\necho '0, NVIDIA A100-SXM4-80GB, 97, 71000, 81920, 350.12'\necho '1, \"GB10, really\", [N/A], [N/A], [N/A], 12'\necho 'Failed to talk'\n"
	if err := os.WriteFile(filepath.Join(bin, smi), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	var got []string
	err := Run(t.Context(), Config{GPUs: true, Interval: 250 * time.Millisecond, Write: func(s Sample) error {
		s.AtUs = 0
		b, err := json.Marshal(s)
		got = append(got, string(b))
		return err
	}})
	want := `{"at_us":0,"source":"nvidia-smi","gpus":[{"index":0,"name":"NVIDIA A100-SXM4-80GB","utilization":0.97,"memory_used_mib":71000,"memory_total_mib":81920,"power_w":350.12}]}
{"at_us":0,"source":"nvidia-smi","gpus":[{"index":1,"name":"GB10, really","power_w":12}]}`
	if err != nil || strings.Join(got, "\n") != want {
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
		if server, metrics, gpus, err := parse(strings.NewReader(page)); err != nil && (server != "" || metrics != nil || gpus != nil) {
			t.Errorf("%s %v %v with %v", server, metrics, gpus, err)
		}
		parseGPU(page)
	})
}
