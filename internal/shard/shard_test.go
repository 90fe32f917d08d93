package shard

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"perfpipe/internal/fault"
	"perfpipe/internal/load"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]load.Shard{
		"0/1": {Of: 1}, "2/3": {Index: 2, Of: 3}, "3/3": {}, "1": {}, "-1/2": {}, "a/b": {}, "0/0": {}, "": {},
	} {
		got, err := parse(text)
		if got != want || (err != nil) != (want.Of == 0) {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
}

// env returns a getenv of a list of NAME=VALUE.
func env(list string) func(string) string {
	vars := map[string]string{}
	for pair := range strings.FieldsSeq(list) {
		name, value, _ := strings.Cut(pair, "=")
		vars[name] = value
	}
	return func(name string) string { return vars[name] }
}

// Find takes the flag before the environment, and its errors have the hint that helps.
func TestFind(t *testing.T) {
	for _, c := range []struct {
		text            string
		pods            int
		env             string
		want            load.Shard
		from            string
		setting, reason string
	}{
		{"2/3", 0, "SLURM_PROCID=1 SLURM_NTASKS=8", load.Shard{Index: 2, Of: 3}, "", "", ""},
		{"", 0, "SLURM_PROCID=1 SLURM_NTASKS=8", load.Shard{Index: 1, Of: 8}, "SLURM_PROCID", "", ""},
		{"3/3", 0, "", load.Shard{}, "", "shard", "shard-form"},
		{"2/3", 4, "", load.Shard{}, "", "shards", "shards-twice"},
		{"", -1, "", load.Shard{}, "", "shards", ""},
		{"", 0, "SLURM_PROCID=3 SLURM_NTASKS=3", load.Shard{}, "", "", "shard"},
		{"", 3, "JOB_COMPLETION_INDEX=3", load.Shard{}, "", "", "shards"},
	} {
		got, from, err := Find(c.text, c.pods, env(c.env))
		e, failed := errors.AsType[*fault.Error](err)
		switch {
		case failed && (e.Setting != c.setting || e.Reason != c.reason || c.setting+c.reason == ""):
			t.Errorf("%+v: %q %q: %v", c, e.Setting, e.Reason, err)
		case !failed && (got != c.want || from != c.from || c.setting+c.reason != ""):
			t.Errorf("%+v: %v of %q", c, got, from)
		}
	}
}

func TestFromEnv(t *testing.T) {
	const array = "SLURM_ARRAY_TASK_ID"
	for _, c := range []struct {
		env  string
		pods int
		want load.Shard
		from string
		err  string
	}{
		{"", 0, load.Shard{Of: 1}, "", ""},
		{"SLURM_PROCID=1 SLURM_NTASKS=8", 0, load.Shard{Index: 1, Of: 8}, "SLURM_PROCID", ""},
		{"SLURM_PROCID=1 SLURM_NTASKS=8 SLURM_STEP_NUM_TASKS=2", 0, load.Shard{Index: 1, Of: 2}, "SLURM_PROCID", ""},
		{"SLURM_PROCID=0 SLURM_NTASKS=1", 0, load.Shard{Of: 1}, "", ""},
		{array + "=3 SLURM_ARRAY_TASK_COUNT=4", 0, load.Shard{Index: 3, Of: 4}, array, ""},
		{array + "=14 SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_MIN=10 SLURM_ARRAY_TASK_STEP=2", 0,
			load.Shard{Index: 2, Of: 3}, array, ""},
		{array + "=1 SLURM_ARRAY_TASK_COUNT=2 SLURM_PROCID=2 SLURM_NTASKS=3", 0,
			load.Shard{Index: 5, Of: 6}, array + ", SLURM_PROCID", ""},
		{"OMPI_COMM_WORLD_RANK=1 OMPI_COMM_WORLD_SIZE=2", 0, load.Shard{Index: 1, Of: 2}, "OMPI_COMM_WORLD_RANK", ""},
		{"JOB_COMPLETION_INDEX=3", 4, load.Shard{Index: 3, Of: 4}, KubernetesIndex, ""},
		{"JOB_COMPLETION_INDEX=3", 0, load.Shard{Of: 1}, KubernetesIndex, ""},
		{"SLURM_PROCID=3 SLURM_NTASKS=3", 0, load.Shard{}, "",
			"SLURM_PROCID: shard 3 of 3, counted from 0, does not exist"},
		{"SLURM_PROCID=x SLURM_NTASKS=3", 0, load.Shard{}, "", `SLURM_PROCID: "x" is not a number`},
		{"JOB_COMPLETION_INDEX=3", 3, load.Shard{}, "",
			"JOB_COMPLETION_INDEX: shard 3 of 3, counted from 0, does not exist"},
		{"", 3, load.Shard{}, "", "JOB_COMPLETION_INDEX: is not set, and there are 3 shards"},
	} {
		got, from, err := fromEnv(env(c.env), c.pods)
		switch {
		case c.err != "":
			if err == nil || err.Error() != c.err {
				t.Errorf("%s of %d: %v", c.env, c.pods, err)
			}
		case err != nil || got != c.want || from != c.from:
			t.Errorf("%s of %d: %v of %q, %v", c.env, c.pods, got, from, err)
		}
	}
}

// The shards of a run have all its slots together, each at least one.
func TestDivide(t *testing.T) {
	const shards = 3
	sums := [3]int{}
	for i := range shards {
		points := []load.Point{
			{Mode: load.Closed, Limit: 3}, {Mode: load.Capped, Limit: 8}, {Mode: load.Open, Limit: 8},
		}
		if err := Divide(points, load.Shard{Index: i, Of: shards}); err != nil {
			t.Fatal(err)
		}
		for k, p := range points {
			sums[k] += p.Limit
		}
	}
	if want := [3]int{3, 8, 3 * 8}; sums != want {
		t.Errorf("slots of all shards: %v, want %v", sums, want)
	}
	err := Divide([]load.Point{{Mode: load.Closed, Limit: 2}}, load.Shard{Of: 3})
	if err == nil || err.Error() != "2 in flight are too few for 3 shards" {
		t.Errorf("two slots for three shards: %v", err)
	}
}

func TestFileName(t *testing.T) {
	for path, want := range map[string]string{
		"run.jsonl": "run.3.jsonl", "dir.x/run.jsonl.zst": "dir.x/run.3.jsonl.zst",
		"run": "run.3", ".hidden": ".hidden.3", "run.gz": "run.3.gz", "run.30.jsonl": "run.30.3.jsonl", "run13.jsonl": "run13.3.jsonl",
		"records.3.jsonl": "records.3.jsonl", "s3.jsonl": "s3.jsonl", "s03.jsonl": "s03.jsonl", "3": "3", "2-3.zst": "2-3.zst",
		"llama3-8b.jsonl": "llama3-8b.3.jsonl", "3b.jsonl": "3b.3.jsonl", "3-2.jsonl": "3-2.3.jsonl", "v.3.1": "v.3.3.1",
		"-": "-", "": "", os.DevNull: os.DevNull, "http://127.0.0.1:4318/v": "http://127.0.0.1:4318/v",
	} {
		if got := FileName(path, 3); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
}

// Shards that share a name write different files, whatever numbers are in it.
func TestFileNameOfEachShard(t *testing.T) {
	for _, path := range []string{"run.jsonl", "llama3-8b.jsonl", "2-3.jsonl", "1.2.jsonl", "2024-03-01", "00.gz", "run.1.2"} {
		names := map[string]int{}
		for i := range 12 {
			name := FileName(path, i)
			if j, twice := names[name]; twice {
				t.Errorf("%s: shards %d and %d write %s", path, j, i, name)
			}
			names[name] = i
		}
	}
}

// Shards of one run have the same key, and those of another run have another one.
func TestRunKey(t *testing.T) {
	key := func(startAt int64, list string) string {
		points := []load.Point{{Run: "rate=1"}, {Run: "rate=2"}}
		if startAt > 0 {
			points[0].Start = time.Unix(startAt, 0)
		}
		return RunKey(env(list), 2, points)
	}
	const slurm, array = "SLURM_JOB_ID=7 SLURM_STEP_ID=", "SLURM_ARRAY_JOB_ID=7 "
	const mpi = "PMIX_NAMESPACE="
	for _, c := range []struct {
		name string
		a, b string
		same bool
	}{
		{"start", key(100, ""), key(100, ""), true},
		{"other starts", key(100, ""), key(101, ""), false},
		{"a step", key(0, slurm+"1 SLURM_PROCID=0"), key(0, slurm+"1 SLURM_PROCID=1"), true},
		{"other steps", key(0, slurm+"1 SLURM_PROCID=0"), key(0, slurm+"2 SLURM_PROCID=1"), false},
		{"an array", key(0, array+"SLURM_JOB_ID=7 SLURM_ARRAY_TASK_ID=0"),
			key(0, array+"SLURM_JOB_ID=8 SLURM_ARRAY_TASK_ID=1"), true},
		{"a requeued array", key(0, array+"SLURM_ARRAY_TASK_ID=0"),
			key(0, array+"SLURM_ARRAY_TASK_ID=1 SLURM_RESTART_COUNT=1"), false},
		{"mpirun", key(0, mpi+"a OMPI_COMM_WORLD_RANK=0"), key(0, mpi+"a OMPI_COMM_WORLD_RANK=1"), true},
		{"other mpiruns", key(0, mpi+"a OMPI_COMM_WORLD_RANK=0"), key(0, mpi+"b OMPI_COMM_WORLD_RANK=1"), false},
	} {
		if c.a == "" || c.b == "" || (c.a == c.b) != c.same {
			t.Errorf("%s: %q and %q; should be the same: %v", c.name, c.a, c.b, c.same)
		}
	}
	if got := key(0, "JOB_COMPLETION_INDEX=1"); got != "" {
		t.Errorf("a key of nothing that shards share: %q", got)
	}
}

func TestRunKeyOfOneShard(t *testing.T) {
	points := []load.Point{{Run: "rate=1", Start: time.Unix(100, 0)}}
	if got := RunKey(env("SLURM_JOB_ID=7 SLURM_PROCID=0"), 1, points); got != "" {
		t.Errorf("a key of a run that is not shared: %q", got)
	}
}

func TestSchedule(t *testing.T) {
	points := make([]load.Point, 3)
	first := time.Unix(100, 0)
	Schedule(points, first, 15*time.Second)
	for i, want := range []int64{100, 115, 130} {
		if got := points[i].Start; !got.Equal(time.Unix(want, 0)) {
			t.Errorf("point %d starts at %v, want %d s", i, got, want)
		}
	}
}

func TestParseInstant(t *testing.T) {
	want := time.Unix(1_700_000_000, 250_000_000)
	for _, s := range []string{
		"1700000000.25", "1700000000.250000000", "2023-11-14T22:13:20.25Z", "2023-11-14T23:13:20.25+01:00",
	} {
		if got, err := parseInstant(s); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "tomorrow", "-5", "17.x", "1.0000000001", "12:00"} {
		if got, err := parseInstant(s); err == nil {
			t.Errorf("%s: %v", s, got)
		}
	}
}

// The bounds contain the true skew, and looks all over the second narrow them to the time of a request.
func TestSkew(t *testing.T) {
	const trip = 10 * time.Millisecond
	for _, ahead := range []time.Duration{0, 137 * time.Millisecond, -2500 * time.Millisecond, time.Hour} {
		var k skew
		for i := range 100 {
			sent := time.Unix(1_700_000_000, 0).Add(time.Duration(i) * 1010 * time.Millisecond)
			other := sent.Add(trip/2 - ahead)
			k.add(sent, sent.Add(trip), other.Truncate(time.Second))
		}
		if k.least > ahead || k.most < ahead || k.most-k.least > 2*trip {
			t.Errorf("ahead by %v: between %v and %v", ahead, k.least, k.most)
		}
	}
}

func TestMeasureClock(t *testing.T) {
	date := true
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !date {
			w.Header()["Date"] = nil
		}
	}))
	defer srv.Close()
	c, err := MeasureClock(t.Context(), http.DefaultTransport, srv.URL)
	if err != nil || c.LeastS > 0 || c.MostS < 0 || c.Differs() || c.Looks != clockLooks {
		t.Errorf("the clock of this machine: %v, %v", c, err)
	}
	date = false
	_, err = MeasureClock(t.Context(), http.DefaultTransport, srv.URL)
	if err == nil || err.Error() != srv.URL+" sends no Date" {
		t.Errorf("without Date: %v", err)
	}
}
