package main

import (
	"bytes"
	"database/sql"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mattn/go-runewidth"
	"github.com/parquet-go/parquet-go"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"perfpipe/internal/cli"
	"perfpipe/internal/fault"
	"perfpipe/internal/format"
)

var update = flag.Bool("update", false, "write the golden files")

// stat runs the command in this process, in testdata.
func stat(t *testing.T, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	t.Chdir("testdata")
	var out, errs bytes.Buffer
	env := &cli.Env{Name: "perf-stats", Args: args, Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &errs}
	code = env.Exit(run(env))
	return out.String(), errs.String(), code
}

func TestGolden(t *testing.T) {
	for name, args := range map[string]string{
		"none":       "",
		"one":        "one.jsonl",
		"failed":     "failed.jsonl",
		"foreign":    "foreign.jsonl",
		"sweep":      "sweep.jsonl",
		"sweep-drop": "--failures drop --percentiles 25,50,99.9 --warmup sweep.jsonl",
		"sweep-json": "--format json --no-state --goodput ttft_ms<220 tpot_ms<50 --slo goodput>=0.2 ok>0.5 --gpus 4 " +
			"sweep.jsonl",
		"sweep-slo":   "--goodput ttft_ms<220 --slo ttft_ms:p50<240 requests_per_s>0.1 --gpus 4 sweep.jsonl",
		"ci":          "--ci sweep.jsonl",
		"ci-csv":      "--ci --format csv --percentiles 50 sweep.jsonl",
		"compare":     "--compare sweep.jsonl slower.jsonl",
		"compare-csv": "--compare --format csv sweep.jsonl slower.jsonl",
		"define":      "--define all --percentiles 50,99 sweep.jsonl",
		"define-json": "--define vllm --format json sweep.jsonl",
		"define-one":  "--define evalscope one.jsonl",
		"define-good": "--define vllm --goodput ttft_ms<220 -- sweep.jsonl",
		"vllm":        "--format vllm --percentiles 99,99.9 --goodput ttft_ms<220 -- sweep.jsonl",
		"vllm-rerank": "--format vllm --percentiles 99 rerank.jsonl",
		"vllm-failed": "--format vllm --percentiles 99 failed.jsonl",
		"compare-one": "--compare one.jsonl one.jsonl",
		"html":        "--format html one.jsonl",
		"zh":          "--lang zh --ci --goodput ttft_ms<220 --slo ok>0.5 --gpus 4 sweep.jsonl",
		"zh-price":    "--lang zh --price in=1,out=2 --price-hour 12 sweep.jsonl",
		"zh-md":       "--lang zh --format markdown one.jsonl",
		"zh-foreign":  "--lang zh foreign.jsonl",
		"zh-compare":  "--lang zh --compare sweep.jsonl slower.jsonl",
		"zh-define":   "--lang zh --define all --percentiles 50 one.jsonl",
		"prometheus":  "--format prometheus --goodput ttft_ms<220 --slo goodput>=0.2 --gpus 4 sweep.jsonl",
		"rerank":      "rerank.jsonl",
		"by":          "--by finish_reason,prompt_tokens --format csv sweep.jsonl",
		"where":       "--where .ok|not sweep.jsonl",
		"sweep-csv":   "--format csv sweep.jsonl",
		"sweep-md":    "--format markdown sweep.jsonl",
		"failed-json": "--format json --no-state failed.jsonl",
		"none-json":   "--format json",
		"none-csv":    "--format csv",
	} {
		t.Run(name, func(t *testing.T) {
			out, errs, code := stat(t, "", strings.Fields(args)...)
			wantCode, wantErrs := fault.CodeOK, ""
			if strings.HasPrefix(name, "none") {
				wantCode, wantErrs = fault.CodeFail, "perf-stats: no records in the input\n"
			}
			if code != wantCode || errs != wantErrs {
				t.Fatalf("exit %d: %s", code, errs)
			}
			golden(t, name, out)
		})
	}
}

// TestChineseTablesAreAligned checks that the lines of a table are equally wide on a terminal, where a Chinese
// character takes two columns, whatever the locale says of ambiguous ones such as µ and –.
func TestChineseTablesAreAligned(t *testing.T) {
	t.Setenv("LC_ALL", "zh_CN.UTF-8")
	out, errs, code := stat(t, "", "--lang", "zh", "--ci", "sweep.jsonl")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	narrow := runewidth.NewCondition()
	narrow.EastAsianWidth = false
	width, rows := 0, 0
	for line := range strings.Lines(out) {
		switch w := narrow.StringWidth(strings.TrimSpace(line)); {
		case strings.HasPrefix(line, "┌"):
			width = w
		case strings.HasPrefix(line, "│"), strings.HasPrefix(line, "├"), strings.HasPrefix(line, "└"):
			if rows++; w != width {
				t.Errorf("a line of %d columns in a table of %d: %s", w, width, line)
			}
		}
	}
	if rows < 60 {
		t.Errorf("only %d lines of tables", rows)
	}
}

// TestJUnit has gates that are met, missed, missed by failed requests, and on a figure that does not exist.
func TestJUnit(t *testing.T) {
	out, errs, code := stat(t, "", "--format", "junit", "sweep.jsonl", "--slo", "ok>=0.5", "ttft_ms:p99<210",
		"response_ms:p99<500", "cache_hit>0.5")
	if want := "perf-stats: --slo: rate=5 misses ttft_ms:p99<210: it is 227.3 (and 4 more)\n"; code != 1 || errs != want {
		t.Errorf("exit %d: %s", code, errs)
	}
	golden(t, "junit", out)
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("golden", name+".txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
	}
}

func TestStdinAndFilesAndOrderAgree(t *testing.T) {
	data, err := os.ReadFile("testdata/sweep.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	records := strings.SplitAfter(string(data), "\n")
	half := strings.Join(records[:len(records)/2], "")
	rest := filepath.Join(t.TempDir(), "rest.jsonl")
	if err := os.WriteFile(rest, []byte(strings.Join(records[len(records)/2:], "")), 0o644); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/golden/sweep.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got, errs, code := stat(t, half, rest, "-"); got != string(want) {
		t.Errorf("exit %d: %s\n%s", code, errs, got)
	}
}

func TestErrors(t *testing.T) {
	for name, test := range map[string]struct {
		args, stdin string
		code        int
		stderr      string
	}{
		"bad line": {"-", "\nnonsense\n", 1,
			"perf-stats: stdin:2: not a JSON object: \"nonsense\"\nhint: --on-bad-line skip leaves such lines out\n"},
		"skipped": {"--on-bad-line skip --format csv -o " + os.DevNull, "nonsense\n{\"ok\":true}\n7", 0,
			"perf-stats: skipped 2 bad lines; the first: stdin:1: not a JSON object: \"nonsense\"\n"},
		"no file":      {"missing.jsonl", "", 1, "perf-stats: open missing.jsonl: no such file or directory\n"},
		"percentile 0": {"--percentiles 0,50", "", 2, "perf-stats: --percentiles: 0 is not above 0 and at most 100\n"},
		"one gate": {"--format csv -o " + os.DevNull + " --slo ok>=1 -- sweep.jsonl", "", 1,
			"perf-stats: --slo: rate=20 misses ok>=1: it is 0.8\n"},
		"gates": {"--format csv -o " + os.DevNull + " --slo ok>=1 ttft_ms:p50<1 sweep.jsonl", "", 1,
			"perf-stats: --slo: rate=5 misses ttft_ms:p50<1: it is 203.1 (and 2 more)\n"},
		"regression": {"--compare sweep.jsonl slower.jsonl --fail-on-regression 5% -o " + os.DevNull, "", 1,
			"perf-stats: --fail-on-regression: 6 figures are worse by more than 5 %, the most rate=5 ttft_ms:p50 by +98.46 %\n"},
		"regression allowed": {"--compare sweep.jsonl slower.jsonl --percentiles 50 --where .error==null " +
			"--fail-on-regression 500% --cannot-tell 0 -o " + os.DevNull, "", 0,
			"perf-stats: --fail-on-regression: cannot judge rate=5 requests_per_s: too short to know: about 40 requests " +
				"would do\n" +
				"perf-stats: --fail-on-regression: cannot judge rate=5 output_tokens_per_s: too short to know: about 40 " +
				"requests would do\n" +
				"perf-stats: --fail-on-regression: cannot judge rate=20 requests_per_s: too short to know: about 40 requests " +
				"would do\n" +
				"perf-stats: --fail-on-regression: cannot judge rate=20 output_tokens_per_s: too short to know: about 40 " +
				"requests would do\n" +
				"perf-stats: --fail-on-regression: passes, although not all could be judged (--cannot-tell 0)\n"},
		"regression of one": {"--fail-on-regression 5% sweep.jsonl", "", 2,
			"perf-stats: --fail-on-regression: it is for --compare\n"},
		"code without a gate": {"--compare --cannot-tell 3 sweep.jsonl slower.jsonl", "", 2,
			"perf-stats: --cannot-tell: it is for --fail-on-regression\n"},
		"no percentage": {"--compare --fail-on-regression 5 sweep.jsonl slower.jsonl", "", 2,
			"perf-stats: --fail-on-regression: \"5\" is not a percentage such as 5%\n"},
		"one side": {"--compare sweep.jsonl", "", 2, "perf-stats: --compare: needs two sides, not 1\n" +
			"hint: perf-stats --compare base.jsonl new.jsonl; several runs of a side are written a.jsonl,b.jsonl\n"},
		"nothing in common": {"--compare sweep.jsonl foreign.jsonl", "", 1,
			"perf-stats: --compare: sweep.jsonl and foreign.jsonl have no load point in common: " +
				"rate=5: only the old side has it; rate=20: only the old side has it; the load point without a name: only the " +
				"new side has it\n" +
				"hint: a load point is compared with the one of the same name; --by another key may join them\n"},
		"no such tool": {"--define wrk", "", 2,
			"perf-stats: --define: no definitions of \"wrk\": there are all, perf-stats, evalscope, vllm, sglang, " +
				"aiperf, guidellm, inference-perf, llmperf\n"},
		"evalscope": {"--format evalscope sweep.jsonl", "", 2,
			"perf-stats: --format: evalscope writes files\nhint: -o DIR takes them\n"},
		"vllm by another tool": {"--format vllm --define sglang sweep.jsonl", "", 2,
			"perf-stats: --format: vllm has the definitions of vllm, not of sglang\n" +
				"hint: leave out --define, or choose another format\n"},
		"defined gate": {"--define vllm --slo ok>=1 -- sweep.jsonl", "", 2,
			"perf-stats: --slo: --define does not show it\nhint: run perf-stats a second time for it\n"},
		"vllm compared": {"--format vllm --compare one.jsonl one.jsonl", "", 2,
			"perf-stats: --format: vllm is not one of --compare's: table, json, csv, markdown\n"},
		"bad gate": {"--slo ttft_ms:p50", "", 2, "perf-stats: --slo: \"ttft_ms:p50\" has no <, <=, > or >=\n"},
		"goodput gate": {"--slo goodput>0.9", "", 2, "perf-stats: --slo: goodput>0.9 needs --goodput\n" +
			"hint: --goodput 'ttft_ms<500' defines a good request\n"},
		"junit": {"--format junit", "", 2, "perf-stats: --format: junit needs gates\nhint: --slo 'ttft_ms:p99<500' is one\n"},
		"by": {"--by tenant", "", 2,
			"perf-stats: --by: no key \"tenant\": there are run, run_id, mode, rate, parallel, phase, api, op, model, url, " +
				"session, turn, depth, shard, reused, status, ok, finish_reason, tokens_from, prompt_tokens, completion_tokens, " +
				"error.kind, file and labels.NAME\n"},
		"no GPUs": {"--gpus 0", "", 2, "perf-stats: --gpus: 0 is below 1\n"},
		"an empty file": {"--format csv -o " + os.DevNull + " one.jsonl " + os.DevNull, "", 0,
			"perf-stats: " + os.DevNull + " has no records\n"},
		"an empty run of a side": {"--compare -o " + os.DevNull + " one.jsonl," + os.DevNull + " one.jsonl", "", 0,
			"perf-stats: " + os.DevNull + " has no records\n"},
		"an empty input": {"--format csv -o " + os.DevNull + " " + os.DevNull, "", 1, "perf-stats: no records in the input\n"},
		"where": {"--where .ok|", "", 2, "perf-stats: --where: unexpected EOF\n" +
			"hint: it is a jq expression, such as '.ok and .labels.tenant == \"a\"'\n"},
		"where fails": {"--where .ok+1", `{"ok":true}`, 1,
			"perf-stats: stdin:1: --where: cannot add: boolean (true) and number (1)\n" +
				"hint: --on-bad-line skip leaves such lines out\n"},
		"grace": {"--grace=-1", "", 2,
			"perf-stats: --grace: \"-1\" is not a time such as 30 (seconds), 500ms or 2m\nhint: perf-stats --help lists " +
				"the flags\n"},
		"format": {"--format=xml", "", 2,
			"perf-stats: --format must be one of \"" + strings.Join(append(format.Names(nil), "evalscope"), "\",\"") +
				"\" but got \"xml\"\nhint: perf-stats --help lists the flags\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, errs, code := stat(t, test.stdin, strings.Fields(test.args)...); code != test.code || errs != test.stderr {
				t.Errorf("exit %d, want %d\n%s\nwant\n%s", code, test.code, errs, test.stderr)
			}
		})
	}
}

// TestUnusedFlags: a flag that the chosen output does not show is an error, above all a gate that would judge nothing.
func TestUnusedFlags(t *testing.T) {
	all := "--slo ok>=1 --sqlite x.db --parquet x.parquet --why --ledger --gpus 2 --metrics m --price in=1 --follow " +
		"--facts f --visualizer mlflow --goodput ttft_ms<1 --failures drop --ci"
	for output, shown := range map[string]string{
		"--compare one.jsonl one.jsonl":       "--failures --ci",
		"--format evalscope -o dir one.jsonl": "",
		"--format vllm one.jsonl":             "--goodput",
		"--define vllm one.jsonl":             "--goodput",
		"--format prometheus --gpus 2 one.jsonl": "--slo --sqlite --parquet --gpus --metrics --price --follow --facts " +
			"--visualizer --goodput --failures",
		"--format csv --ledger one.jsonl": "--slo --sqlite --parquet --ledger --gpus --metrics --price --follow --facts " +
			"--visualizer --goodput --failures",
		"--format junit --slo ok>=0 -- one.jsonl": "--slo --sqlite --parquet --metrics --follow --facts --visualizer --goodput " +
			"--failures",
	} {
		for flag := range strings.SplitSeq(all, "--") {
			args := strings.Fields("--" + flag)
			if len(args) < 1 || args[0] == "--" || slices.Contains(strings.Fields(shown), args[0]) {
				continue
			}
			t.Run(args[0]+" "+output, func(t *testing.T) {
				_, errs, code := stat(t, "", append(args, strings.Fields(output)...)...)
				want := "perf-stats: " + args[0] + ": "
				if code != 2 || !strings.HasPrefix(errs, want) || !strings.Contains(errs, " does not show it\n") {
					t.Errorf("exit %d, %s", code, errs)
				}
			})
		}
	}
}

func TestJSONFollowsItsSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("../../docs/summary.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"none-json", "failed-json", "sweep-json"} {
		f, err := os.Open("testdata/golden/" + name + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		doc, err := jsonschema.UnmarshalJSON(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSummariesOfShardsMerge(t *testing.T) {
	data, err := os.ReadFile("testdata/sweep.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	want, _, _ := stat(t, string(data), "--format", "json")
	t.Chdir("..")
	dir := t.TempDir()
	var shards []string
	lines := strings.SplitAfter(string(data), "\n")
	for i := range 3 {
		var part strings.Builder
		for j := i; j < len(lines); j += 3 {
			part.WriteString(lines[j])
		}
		shard := filepath.Join(dir, string(rune('a'+i))+".json")
		t.Chdir("..")
		if _, errs, code := stat(t, part.String(), "--format", "json", "-o", shard); code != 0 {
			t.Fatalf("exit %d: %s", code, errs)
		}
		shards = append(shards, shard)
	}
	t.Chdir("..")
	if got, errs, code := stat(t, "", append(shards, "--format=json")...); got != want {
		t.Errorf("exit %d: %s\nmerged %s\nwhole  %s", code, errs, got, want)
	}
	t.Chdir("..")
	if _, errs, code := stat(t, "", append(shards, "--by=op")...); code != 1 ||
		!strings.Contains(errs, "a.json:1: the summary is one by run, not by op\nhint: --by must be the same") {
		t.Errorf("exit %d: %s", code, errs)
	}
}

func TestEvalscopeFiles(t *testing.T) {
	dir := t.TempDir()
	if out, errs, code := stat(t, "", "--format", "evalscope", "-o", dir, "sweep.jsonl"); code != 0 || out != "" {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	for _, file := range []string{"rate_5.0_number_10/benchmark_summary.json",
		"rate_20.0_number_10/benchmark_percentile.json"} {
		got, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "evalscope-"+strings.TrimSuffix(filepath.Base(file), ".json"), string(got))
	}
}

func TestStores(t *testing.T) {
	dir := t.TempDir()
	db, file := filepath.Join(dir, "run.db"), filepath.Join(dir, "run.parquet")
	if _, errs, code := stat(t, "", "--sqlite", db, "--parquet", file, "sweep.jsonl"); code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	d, err := sql.Open("sqlite", db)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for query, want := range map[string]string{
		"SELECT count(*) FROM record": "24",
		"SELECT group_concat(error_kind || ' ' || status) FROM record WHERE NOT ok AND status > 0":           "http 503",
		"SELECT count(*) FROM record WHERE ttft_ms IS NULL":                                                  "2",
		"SELECT json_extract(gap_us, '$[1]') FROM record WHERE id = 'r0'":                                    "21234",
		"SELECT value FROM summary WHERE grp = 'rate=5' AND figure = 'ttft_ms_p50'":                          "203.136",
		"SELECT ifnull(value, 'null') FROM summary WHERE grp = 'rate=20' AND figure = 'response_ms_p99'":     "null",
		"SELECT count(*) FROM summary s JOIN summary t USING (grp, figure) WHERE s.figure = 'duration_s'":    "2",
		"SELECT count(*) FROM record WHERE phase = 'measure' AND run = 'rate=20' AND scheduled_us < sent_us": "10",
	} {
		var got string
		if err := d.QueryRow(query).Scan(&got); err != nil || got != want {
			t.Errorf("%s: %s %v, want %s", query, got, err, want)
		}
	}
	type row struct {
		ID    string  `parquet:"id"`
		TTFT  float64 `parquet:"ttft_ms,optional"`
		Gaps  []int64 `parquet:"gap_us"`
		Error string  `parquet:"error_kind,optional"`
		OK    bool    `parquet:"ok"`
	}
	rows, err := parquet.ReadFile[row](file)
	if err != nil || len(rows) != 24 {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	if r := rows[19]; r.ID != "r19" || r.OK || r.Error != "http" || r.TTFT != 0 || len(r.Gaps) != 0 {
		t.Errorf("%+v", r)
	}
	if r := rows[0]; r.TTFT == 0 || len(r.Gaps) != 7 || !r.OK {
		t.Errorf("%+v", r)
	}
	t.Chdir("..")
	if _, _, code := stat(t, "nonsense", "--sqlite", db+"2", "--parquet", file+"2", "-"); code != 1 {
		t.Errorf("exit %d", code)
	}
	if left, _ := os.ReadDir(dir); len(left) != 2 {
		t.Errorf("a failed run leaves %v", left)
	}
}
