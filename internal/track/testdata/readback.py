"""Reads back what a tracker stored of a run, and compares every value with perf-stats' own JSON.

    readback.py wandb DIR | swanlab URL | swanlab-files DIR | clearml DIR | mlflow URL  SUMMARY.json RECORDS.jsonl

It exits 1 at the first difference. What a run should hold is worked out here from the summary alone, not by the code
that logged it. One load point has plain names, over the number of requests; the levels of a sweep share them, over the
rate.
"""
import csv
import glob
import io
import json
import os
import struct
import sys
import urllib.parse
import urllib.request
import zipfile

AXIS = "Total Requests"
MARK = " SIMULATED"

# Name: (path in a block of the summary, unit in which it is logged ÷ unit of the summary).
FIGURES = {
    "Test Duration (s)": ("duration_s", 1), "Concurrency": ("parallel", 1), "Request Rate (req/s)": ("rate", 1),
    AXIS: ("requests", 1), "Success Requests": ("ok", 1), "Failed Requests": ("failed", 1),
    "Req Throughput (req/s)": ("requests_per_s", 1), "Avg Latency (s)": ("metrics.latency_ms.mean", 1000),
    "Avg Input Tokens": ("metrics.input_tokens.mean", 1), "Output Throughput (tok/s)": ("output_tokens_per_s", 1),
    "Input Throughput (tok/s)": ("input_tokens_per_s", 1), "Total Throughput (tok/s)": ("total_tokens_per_s", 1),
    "Avg TTFT (ms)": ("metrics.ttft_ms.mean", 1), "Avg TPOT (ms)": ("metrics.tpot_ms.mean", 1),
    "Avg ITL (ms)": ("metrics.itl_ms.mean", 1), "Avg Output Tokens": ("metrics.output_tokens.mean", 1),
    "KV Cache Hit Rate (%)": ("cache_hit", 0.01), "Avg First-Turn TTFT (ms)": ("metrics.first_turn_ttft_ms.mean", 1),
    "Avg Subsequent-Turn TTFT (ms)": ("metrics.later_turn_ttft_ms.mean", 1),
    "Avg Decoded Tok/Iter": ("tokens_per_chunk", 1),
    "Avg Response Time (s)": ("metrics.response_ms.mean", 1000), "Success Rate (%)": ("success_rate", 0.01),
    "Requests in Flight": ("in_flight", 1), "Goodput (req/s)": ("goodput.per_s", 1),
    "Goodput (%)": ("goodput.share", 0.01),
}
HEADLINES = [
    "Output Throughput (tok/s)", "Req Throughput (req/s)", "Avg TTFT (ms)", "P99 TTFT (ms)", "Avg TPOT (ms)",
    "Avg Latency (s)", "P99 Latency (s)", "Success Rate (%)",
]
CURVES = {
    "TTFT (ms)": ("ttft_ms", 1), "ITL (ms)": ("itl_ms", 1), "TPOT (ms)": ("tpot_ms", 1),
    "Latency (s)": ("latency_ms", 1000), "Response Time (s)": ("response_ms", 1000),
}
COLUMNS = {
    **CURVES, "Decode (tok/s)": ("user_tokens_per_s", 1), "Input tokens": ("input_tokens", 1),
    "Output tokens": ("output_tokens", 1),
}


def fail(*why):
    sys.exit("readback: " + " ".join(str(w) for w in why))


def scaled(value, unit):
    return None if value is None else float("%.9f" % (value / unit))


def look(block, path):
    for key in path.split("."):
        block = block.get(key) if isinstance(block, dict) else None
    return block


def known():
    """The names of all figures."""
    return list(FIGURES) + ["P%g %s" % (p, t) for p in summary["percentiles"] for t in CURVES]


def split(key):
    """The group and the name of a key. Names have slashes too."""
    for group in ("", "live", "SIMULATED", "live SIMULATED"):
        name = key[len(group) + 1:] if group else key
        if key.startswith(group) and name in known():
            return group, name
    return key.split("/", 1)


class Expected:
    def __init__(self, summary):
        self.final, self.levels, self.curves = {}, {}, {}
        self.summary, self.percentiles = {}, {}
        self.plain = "SIMULATED" if summary["blocks"][0]["simulated"] else ""
        self.live = "live SIMULATED" if self.plain else "live"
        names = ["p%g" % p for p in summary["percentiles"]]
        for block in summary["blocks"]:
            point = block["run"] + (MARK if block["simulated"] else "")
            figures = {n: scaled(look(block, path), unit) for n, (path, unit) in FIGURES.items()}
            figures = {n: v for n, v in figures.items() if v is not None}
            figures = {n: v for n, v in figures.items() if v or n not in ("Concurrency", "Request Rate (req/s)")}
            self.summary[point] = figures
            values = dict(figures)
            for title, (key, unit) in CURVES.items():
                stat = block["metrics"].get(key)
                if not stat:
                    continue
                curve = [
                    [p, scaled(stat[n], unit)] for p, n in zip(summary["percentiles"], names) if stat[n] is not None]
                self.curves.setdefault("Percentiles of " + title, {})[point] = curve
                values.update({"P%g %s" % (p, title): v for p, v in curve})
            self.final[point] = values
            self.levels[block.get("rate")] = values
            ranks = [("%g%%" % p, n) for p, n in zip(summary["percentiles"], names)]
            for row, n in [("min", "min")] + ranks + [("max", "max")]:
                self.percentiles[point, row] = {
                    title: scaled(block["metrics"].get(key, {}).get(n), unit) for title, (key, unit) in COLUMNS.items()}


class Stored:
    """What a tracker has: series[point][name] = [(step, value)], tables[name] = rows, charts, config, records."""

    def __init__(self):
        self.series, self.tables, self.charts = {}, {}, {}
        self.config, self.records, self.name = None, None, None
        self.order = []  # of the charts, if the tracker has one

    def add(self, point, name, step, value):
        self.series.setdefault(point, {}).setdefault(name, []).append((step, value))


def wandb(directory):
    from wandb.proto import wandb_internal_pb2

    def log(path):  # a LevelDB log after a header of 7 bytes
        data, at, whole = open(path, "rb").read(), 7, b""
        while at + 7 <= len(data):
            if 32768 - at % 32768 < 7:
                at += 32768 - at % 32768
                continue
            _, size, kind = struct.unpack_from("<IHB", data, at)
            whole += data[at + 7:at + 7 + size]
            at += 7 + size
            if kind in (1, 4):
                record = wandb_internal_pb2.Record()
                record.ParseFromString(whole)
                whole = b""
                yield record

    run_dir, = glob.glob(directory + "/wandb/offline-run-*")
    path, = glob.glob(run_dir + "/run-*.wandb")
    s, ended, axes = Stored(), False, {}
    s.config = {}
    for record in log(path):
        kind = record.WhichOneof("record_type")
        if kind == "run":
            s.name = record.run.display_name
            s.config.update({u.key: json.loads(u.value_json) for u in record.run.config.update if u.key})
        elif kind == "config":
            s.config.update({u.key: json.loads(u.value_json) for u in record.config.update if u.key})
        elif kind == "metric" and record.metric.step_metric:
            axes[record.metric.name] = record.metric.step_metric
        elif kind == "exit":
            ended = record.exit.exit_code == 0
        elif kind == "artifact" and record.artifact.type == "records":
            entry, = record.artifact.manifest.contents
            s.records = open(entry.local_path, "rb").read()
        elif kind == "history":
            row = {}
            for item in record.history.item:
                at = row
                keys = list(item.nested_key) or [item.key]
                for key in keys[:-1]:
                    at = at.setdefault(key, {})
                at[keys[-1]] = json.loads(item.value_json)
            for key, value in row.items():
                if isinstance(value, dict) and value.get("_type") == "table-file":
                    table = json.load(open(os.path.join(run_dir, "files", value["path"])))
                    s.tables[key] = [table["columns"]] + table["data"]
                elif key in axes or key in axes.values():
                    s.add(*split(key), row[axes.get(key, key)], value)
    if not ended:
        fail("wandb: the run is not finished")
    for name in [n for n in s.tables if n.endswith("_table")]:
        rows = s.tables.pop(name)
        if rows[0] != ["step", "lineKey", "lineVal"]:
            fail(name, "has the columns", rows[0])
        for x, line, y in rows[1:]:
            s.charts.setdefault(name.removesuffix("_table"), {}).setdefault(line, []).append([x, y])
    return s


def get(url):
    with urllib.request.urlopen(url) as answer:
        if answer.headers.get_content_type() != "application/json":
            fail(url, "answers", answer.headers.get_content_type())
        return json.load(answer)


def swanlab(url):
    api, s = url + "/api/v1", Stored()
    project = get(api + "/project")["data"]
    run, = project["experiments"]
    records_of(s, os.path.join(project["logdir"], run["run_id"]))
    if run["status"] != 1:
        fail("swanlab: the run has status", run["status"])
    s.name = run["name"]
    s.config = {name: entry["value"] for name, entry in run["config"].items()}
    one = "%s/experiment/%d" % (api, run["id"])
    for chart in get(one + "/chart")["data"]["charts"]:
        key, = chart["source"]
        points = get(one + "/tag/" + urllib.parse.quote(key, safe=""))["data"]["list"]
        group, name = split(key)
        s.order.append(key)
        if group == "tables":
            s.tables[name] = list(csv.reader(io.StringIO(points[0]["data"][0])))
        elif group.startswith("Percentiles of "):
            group, name = key.rsplit("/", 1)
            s.charts.setdefault(group, {})[name] = [[p["index"], p["data"]] for p in points]
        else:
            for p in points:
                s.add(group, name, p["index"], p["data"])
    return s


def swanlab_files(directory):
    """The media of an offline run: tables and charts as the server gets them."""
    s, s_dir = Stored(), glob.glob(directory + "/swanlog/run-*")[0]
    for path in glob.glob(s_dir + "/media/echarts/*.json"):
        option = json.load(open(path))
        if option.get("_swanLab") == "table":
            columns = [c["field"] for c in option["colDefs"]]
            rows = [columns] + [[row.get(c) for c in columns] for row in option["rowData"]]
            s.tables["percentiles" if "Percentiles" in columns else "summary"] = rows
        else:
            name = "Percentiles of " + option["yAxis"][0]["name"]
            s.charts[name] = {line["name"]: line["data"] for line in option["series"]}
    records_of(s, s_dir)
    return s


def records_of(s, run_dir):
    path, = glob.glob(run_dir + "/files/*.jsonl")
    s.records = open(path, "rb").read()


def clearml(directory):
    s, folder = Stored(), [d for d in glob.glob(directory + "/offline/offline-*") if os.path.isdir(d)][0]
    archive = zipfile.ZipFile(folder + ".zip")
    task = json.loads(archive.read("task.json"))
    if task.get("script"):
        fail("clearml: code was uploaded:", task["script"])
    s.name = task["name"]
    s.config = {key: entry["value"] for section in task["hyperparams"].values() for key, entry in section.items()}
    points = {}
    for key, entry in task["hyperparams"]["records"].items():
        if key.startswith("load_points/"):
            _, point, field = key.split("/", 2)
            points.setdefault(point, {})[field] = entry["value"]
    s.config["load_points"] = points
    for line in archive.read("metrics.jsonl").decode().splitlines():
        for event in json.loads(line):
            title, series = event["metric"], event["variant"]
            if event["type"] == "training_stats_scalar":
                point = "" if series in FIGURES else series  # that of plain names is the axis
                s.add(point, title.removeprefix("live/"), event["iter"], event["value"])
                continue
            data, = json.loads(event["plot_str"])["data"]
            if data["type"] == "table":
                s.tables[title] = [data["header"]["values"]] + [list(row) for row in zip(*data["cells"]["values"])]
            else:
                s.charts.setdefault(title, {})[series] = [list(p) for p in zip(data["x"], data["y"])]
    artifact, = [n for n in archive.namelist() if n.endswith(".jsonl") and "records" in n]
    s.records = archive.read(artifact)
    return s


def mlflow(url):
    """The latest run, with the names turned back."""
    api, s = url + "/api/2.0/mlflow", Stored()

    def post(call, **body):
        request = urllib.request.Request(api + call, json.dumps(body).encode(), {"Content-Type": "application/json"})
        return json.load(urllib.request.urlopen(request))

    experiment = get(api + "/experiments/get-by-name?experiment_name=perf_benchmark")["experiment"]["experiment_id"]
    order = ["attribute.start_time DESC"]
    run = post("/runs/search", experiment_ids=[experiment], order_by=order, max_results=1)["runs"][0]
    info, data = run["info"], run["data"]
    if info["status"] != "FINISHED":
        fail("mlflow: the run is", info["status"])
    s.name = info["run_name"]
    s.config = {p["key"]: p["value"] for p in data["params"]}
    points = {}
    for key, value in s.config.items():
        if key.startswith("load_points/"):
            _, point, field = key.split("/")
            points.setdefault(point.replace(":", "="), {})[field] = value
    s.config["load_points"] = points
    names = {}
    for name in known() + ["Percentiles of " + t for t in CURVES]:
        names[name.replace("(", "").replace(")", "").replace("/", " per ").replace("%", "percent")] = name
    for metric in data["metrics"]:
        group, _, name = metric["key"].rpartition("/")
        query = urllib.parse.urlencode({"run_id": info["run_id"], "metric_key": metric["key"], "max_results": 10000})
        for m in get(api + "/metrics/get-history?" + query)["metrics"]:
            if group.startswith("Percentiles of "):
                lines = s.charts.setdefault(names[group], {})
                lines.setdefault(name.replace(":", "="), []).append([m["step"], m["value"]])
            else:
                s.add(group.replace(":", "="), names[name], m["step"], m["value"])
    files = "%s/api/2.0/mlflow-artifacts/artifacts/%s/%s/artifacts/" % (url, experiment, info["run_id"])
    listed = {f["path"] for f in get(api + "/artifacts/list?run_id=" + info["run_id"])["files"]}
    for f in listed:
        body = urllib.request.urlopen(files + f).read()
        if f.endswith(".jsonl"):
            s.records = body
        else:
            table = json.loads(body)
            s.tables[f.removesuffix(".json")] = [table["columns"]] + table["data"]
    return s


def cell(value):
    """A table's cell: some trackers have only text, and no null."""
    if value in ("", None):
        return None
    try:
        return float(value)
    except ValueError:
        return value


def same(what, got, want):
    if got != want:
        fail("%s: stored %r, and perf-stats says %r" % (what, got, want))


def check_series(s, e, live):
    groups = sorted(set(s.series) - {e.live})
    same("groups", groups, [e.plain])
    series, compared = s.series[e.plain], 0
    if len(e.final) > 1:
        for name, points in series.items():
            same("sweep of " + name, sorted(points), [(rate, e.levels[rate].get(name)) for rate in sorted(e.levels)])
            compared += len(points)
        same("names", sorted(series), sorted({n for values in e.final.values() for n in values}))
        return compared + check_live(s.series.get(e.live, {}), e, live)
    want, = e.final.values()
    same("names", sorted(series), sorted(want))
    for name, points in series.items():
        steps = [step for step, _ in points]
        same("order of steps of " + name, steps, sorted(set(steps)))
        same("last step of " + name, steps[-1], want[AXIS])
        same(name, points[-1][1], want[name])
        compared += 1
    if any(step != value for step, value in series[AXIS]):
        fail("other steps than requests:", series[AXIS])
    if live and len(series[AXIS]) < 2:
        fail("it was logged only at its end")
    return compared


def check_live(series, e, live):
    """The headlines of the levels after the first, over the requests of all."""
    if not live:
        return 0
    same("live names", sorted(series), sorted(HEADLINES + [AXIS, "Request Rate (req/s)"]))
    for name, points in series.items():
        steps = [step for step, _ in points]
        same("order of steps of live " + name, steps, sorted(set(steps)))
    if any(step != value for step, value in series[AXIS]):
        fail("live: other steps than requests:", series[AXIS])
    return len(series)


def check_config(s, e):
    """All arguments of the pipe: of perf-gen, of perf-send's facts, of perf-stats, and the load points."""
    def plain(v):
        try:
            return json.loads(v) if isinstance(v, str) else v
        except ValueError:
            return v

    want = {"dataset": "prompt", "max_tokens": 8, "model": "tiny", "total_timeout": 100, "gpu": "H100", "number": 60}
    want |= {"rate": sorted(e.levels)} if len(e.levels) > 1 else {"parallel": 4}
    same("configuration", {k: plain(s.config.get(k)) for k in want}, want)
    same("load points of the configuration", sorted(s.config["load_points"]), sorted(e.final))
    return len(want)


def check_tables(s, e):
    same("tables", sorted(s.tables), ["percentiles", "summary"])
    columns, *rows = s.tables["summary"]
    got = {r[0]: {c: cell(v) for c, v in zip(columns[1:], r[1:]) if cell(v) is not None} for r in rows}
    same("summary table", got, e.summary)
    columns, *rows = s.tables["percentiles"]
    got = {(r[0], r[1]): dict(zip(columns[2:], map(cell, r[2:]))) for r in rows}
    same("percentile table", got, e.percentiles)
    return sum(map(len, e.summary.values())) + sum(map(len, e.percentiles.values()))


def check_charts(s, e, whole_steps):
    want = {name: {line: [p for p in points if not whole_steps or p[0] == int(p[0])] for line, points in lines.items()}
            for name, lines in e.curves.items()}
    same("charts", s.charts, want)
    return sum(len(points) for lines in want.values() for points in lines.values())


kind, where, summary, records = sys.argv[1:5]
live = "live" in sys.argv[5:]
summary = json.load(open(summary))
e = Expected(summary)
readers = {"wandb": wandb, "swanlab": swanlab, "swanlab-files": swanlab_files, "clearml": clearml, "mlflow": mlflow}
s = readers[kind](where)
n = check_tables(s, e) + check_charts(s, e, kind in ("swanlab", "mlflow"))
if kind != "swanlab-files":
    n += check_series(s, e, live)
    same("name", s.name, "a sweep" if len(e.final) > 1 else "a level")
    if s.order:
        same("first charts", s.order[:8], [(e.plain + "/" if e.plain else "") + name for name in HEADLINES])
    n += check_config(s, e)
same("records", s.records, open(records, "rb").read())
print("%s: %d values are those of perf-stats" % (kind, n))
