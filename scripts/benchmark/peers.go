package main

import (
	"cmp"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/goccy/go-json"
)

// peer is another load generator.
type peer struct {
	name string
	// run sends the first request of reqs n times, with the given number in flight.
	run func(url, reqs string, n, concurrent int) (*result, error)
}

// peers returns the load generators that are installed. The vllm-rs of the vllm wheel may also be named by VLLM_RS.
func (b *bench) peers() (all []peer) {
	if installed("oha") {
		all = append(all, peer{"oha", b.oha})
	}
	if rs := cmp.Or(os.Getenv("VLLM_RS"), "vllm-rs"); installed(rs) {
		all = append(all, peer{"vllm-rs", func(url, reqs string, n, concurrent int) (*result, error) {
			return b.vllm(rs, url, reqs, n, concurrent)
		}})
	}
	return all
}

// installed reports whether a command is installed.
func installed(name string) bool {
	_, err := exec.LookPath(name)
	return err == nil
}

// first returns the first request of a file.
func first(reqs string) (string, error) {
	lines, err := os.ReadFile(reqs)
	line, _, _ := strings.Cut(string(lines), "\n")
	return line, err
}

func (b *bench) oha(url, reqs string, n, concurrent int) (*result, error) {
	line, err := first(reqs)
	if err != nil {
		return nil, err
	}
	body := b.path("body.json")
	if err := os.WriteFile(body, []byte(line), 0o644); err != nil {
		return nil, err
	}
	return b.client("oha", "--no-tui", "-m", "POST", "-H", "content-type: application/json", "-D", body, url,
		"-n", fmt.Sprint(n), "-c", fmt.Sprint(concurrent))
}

// vllm runs the native client of vLLM. It makes its own bodies, always streamed, from prompts and a tokenizer.
func (b *bench) vllm(command, address, reqs string, n, concurrent int) (*result, error) {
	line, err := first(reqs)
	if err != nil {
		return nil, err
	}
	var req struct {
		MaxTokens int `json:"max_tokens"`
	}
	if err := json.Unmarshal([]byte(line), &req); err != nil {
		return nil, fmt.Errorf("%s: %w", reqs, err)
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	prompts, tokenizer := b.path("prompts.jsonl"), b.path("tokenizer")
	if err := os.WriteFile(prompts, []byte(strings.Repeat(`{"prompt":"hello"}`+"\n", n)), 0o644); err != nil {
		return nil, err
	}
	if err := writeTokenizer(tokenizer); err != nil {
		return nil, err
	}
	return b.client(command, "bench", "serve", "--backend", "openai-chat", "--model", "sim", "--tokenizer", tokenizer,
		"--base-url", u.Scheme+"://"+u.Host, "--endpoint", u.Path, "--dataset-name", "custom", "--dataset-path", prompts,
		"--custom-output-len", fmt.Sprint(req.MaxTokens), "--num-prompts", fmt.Sprint(n), "--max-concurrency",
		fmt.Sprint(concurrent), "--disable-tqdm", "--no-steady-state")
}

// writeTokenizer writes a tokenizer of one word.
func writeTokenizer(dir string) error {
	const tokenizer = `{"version":"1.0","added_tokens":[],"pre_tokenizer":{"type":"Whitespace"},` +
		`"model":{"type":"WordLevel","vocab":{"hello":0,"[UNK]":1},"unk_token":"[UNK]"}}`
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "tokenizer.json"), []byte(tokenizer), 0o644)
}

// columns are the values of one figure by load generator; perf-send has the empty name.
type columns struct {
	peers  []string
	values map[string][]float64
}

func newColumns(peers []peer) columns {
	c := columns{values: map[string][]float64{}}
	for _, p := range peers {
		c.peers = append(c.peers, p.name)
	}
	return c
}

func (c columns) add(name string, v float64) { c.values[name] = append(c.values[name], v) }

// rows adds a row for each load generator, and one for the ratio of perf-send's values to those of each peer.
func (c columns) rows(b *bench, figure, format string) {
	ours := c.values[""]
	b.row(figure, format, ours)
	for _, name := range c.peers {
		theirs := c.values[name]
		b.row("… "+name, format, theirs)
		ratios := make([]float64, len(ours))
		for i := range ours {
			ratios[i] = ours[i] / theirs[i]
		}
		b.row("… ÷ "+name+"'s", "%.2f", ratios)
	}
}
