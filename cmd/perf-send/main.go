// Command perf-send sends the requests that it reads, at a rate or N concurrently, and writes a record of each.
package main

import (
	"os"

	"perfpipe/internal/cli"
	"perfpipe/internal/shard"
)

func main() { os.Exit(cli.Main("perf-send", run)) }

const about = `Send requests to an LLM service and time the answers.

Reads request lines (perf-gen makes them) from FILE or stdin and writes one record line for each request, for
perf-stats, perf-plot or jq. Without --url the built-in simulator answers.

  perf-send --url http://127.0.0.1:8000/v1/chat/completions --parallel 8 requests.jsonl > records.jsonl
  perf-gen --number 600 | perf-send --url $URL --rate 5 10 20 --number 200 | perf-stats
  perf-gen --number 0 | perf-send --url $URL --search rate --slo 'ttft_ms:p99<500' > records.jsonl`

func run(env *cli.Env) error {
	var f flags
	if err := env.Parse(&f, about, groups(), choices(), vars()); err != nil {
		return err
	}
	env.Mode, env.Hints = f.Mode.Private(), hints()
	if f.ServeSim != "" {
		return serveSim(env, &f)
	}
	if f.Calibrate {
		return calibrate(env, &f)
	}
	if err := f.checkSearch(); err != nil {
		return err
	}
	points, err := f.points(env)
	if err != nil {
		return err
	}
	var from string
	if f.part, from, err = shard.Find(f.Shard, f.Shards, os.Getenv); err != nil {
		return err
	}
	f.nameShards(env, from)
	if err := f.checkFiles(env); err != nil {
		return err
	}
	f.tellShard(env, from)
	if err := f.checkStart(len(points)); err != nil {
		return err
	}
	f.unused(env, points)
	return send(env, &f, points)
}
