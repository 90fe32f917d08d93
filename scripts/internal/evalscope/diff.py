#!/usr/bin/env python3
"""Compares two folders of evalscope perf, file by file and key by key, for scripts/test-evalscope.

    diff.py THEIRS OURS

Files, keys and their order, types, labels, counts, tokens and texts must be equal. Two clients ran, so times differ:
the means may be 10 times as long, which a wrong unit is not, and other times are only positive in both. That the
formulas are the same is what TestReal of internal/evalscope checks, with evalscope's own times.
"""

import base64
import json
import math
import os
import pickle
import sqlite3
import sys

theirs, ours = sys.argv[1:]
bad, compared = [], 0

# What docs/from-evalscope.md lists.
EXTRA = {"records.jsonl"}
CLOCK = {"workload_timeline.json: wall_start"}
EXACT = (
    "Total Requests", "Success Requests", "Failed Requests", "Stream Requests", "Non-Stream Requests", "Concurrency",
    "Request Rate (req/s)", "Avg Input Tokens", "Avg Output Tokens", "Avg Turns/Request", "KV Cache Hit Rate (%)",
    "Avg Decoded Tok/Iter", "Spec. Accept Rate", "Input tokens", "Output tokens", "n_traces", "n_samples",
    "last_window_s", "warmup_frac", "cum_completion", "cum_new_prompt", "cum_cached_prompt")


def differ(where, a, b):
    bad.append("%s: evalscope has %s, ours %s" % (where, short(a), short(b)))


def short(v):
    text = repr(v)
    return text if len(text) < 200 else text[:200] + "…"


def number(where, key, a, b):
    global compared
    compared += 1
    if type(a) is not type(b):
        return differ(where + ", type", type(a).__name__ + " " + repr(a), type(b).__name__ + " " + repr(b))
    if a == b:
        return
    exact = key in EXACT or isinstance(a, int) or -1 in (a, b)
    mean = key.startswith("Avg") and "Overhead" not in key  # of a difference that may be 0
    if exact or a < 0 or b < 0 or mean and not 0.1 < a / b < 10:
        differ(where, a, b)


def value(where, key, a, b):
    global compared
    if where in CLOCK or isinstance(a, float) and math.isnan(a) and b is None:
        return
    if isinstance(a, dict) and isinstance(b, dict):
        if list(a) != list(b):
            differ(where + ", keys", [k for k in a if k not in b] or list(a), [k for k in b if k not in a] or list(b))
        for k in a:
            if k in b:
                value("%s: %s" % (where, k), k, a[k], b[k])
    elif isinstance(a, list) and isinstance(b, list):
        if len(a) != len(b):
            return differ(where + ", length", len(a), len(b))
        for i, (x, y) in enumerate(zip(a, b)):
            value("%s[%d]" % (where, i), key, x, y)
    elif isinstance(a, (int, float)) and isinstance(b, (int, float)) and not isinstance(a, bool):
        number(where, key, a, b)
    elif a is None and b is None:
        pass
    else:
        compared += 1
        if a != b or type(a) is not type(b):
            differ(where, a, b)


def arguments(where, a, b):
    for k in ("outputs_dir",):
        if os.path.basename(a.get(k, "")) != os.path.basename(b.get(k, "")):
            differ(where + ": " + k, a.get(k), b.get(k))
        a.pop(k, None), b.pop(k, None)
    value(where, "", dict(sorted(a.items())), dict(sorted(b.items())))


def database(where, a, b):
    a, b = (sqlite3.connect("file:%s?mode=ro" % p, uri=True) for p in (a, b))
    columns = [db.execute("PRAGMA table_info(result)").fetchall() for db in (a, b)]
    if columns[0] != columns[1]:
        return differ(where + ", columns", *columns)
    names = [c[1] for c in columns[0]]
    # Rows of the same request, in the order of the requests: the order of their ends differs.
    rows = []
    for db in (a, b):
        got = [dict(zip(names, r)) for r in db.execute("SELECT * FROM result")]
        got.sort(key=lambda r: (json.dumps(json.loads(r["request"]), sort_keys=True), r["start_time"]))
        rows.append(got)
    if len(rows[0]) != len(rows[1]):
        return differ(where + ", rows", len(rows[0]), len(rows[1]))
    for i, (x, y) in enumerate(zip(*rows)):
        row(where + ": row %d" % i, x, y)
    for r in rows:
        for x in r:
            if x["success"] and abs(x["completed_time"] - x["start_time"] - x["latency"]) > 1e-5:
                differ(where + ": completed_time", x["start_time"] + x["latency"], x["completed_time"])


UNCOMPARED = ("request", "response_messages", "inter_token_latencies", "start_time", "completed_time", "request_id")
COUNTS = ("success", "is_stream", "prompt_tokens", "completion_tokens", "max_gpu_memory_cost")


def row(where, x, y):
    if json.loads(x["request"]) != json.loads(y["request"]):
        differ(where + ": request", x["request"], y["request"])
    a, b = (answer(r["response_messages"]) for r in (x, y))
    if a != b and x["success"]:
        differ(where + ": response_messages", a, b)
    a, b = (json.loads(r["inter_token_latencies"]) for r in (x, y))
    if len(a) != len(b):
        differ(where + ": inter_token_latencies", len(a), len(b))
    for k in x:
        if k in UNCOMPARED:
            continue
        if (x[k] is None) != (y[k] is None) or type(x[k]) is not type(y[k]):
            differ(where + ": " + k, x[k], y[k])
        elif k in COUNTS and x[k] != y[k]:
            differ(where + ": " + k, x[k], y[k])
        elif x[k] is not None:
            number(where + ": " + k, k, x[k], y[k])


def answer(text):
    """The text of an answer, as evalscope's manual reads it."""
    out = ""
    try:
        messages = pickle.loads(base64.b64decode(text))
    except Exception as e:
        return "not what pickle reads: %s" % e
    for m in messages:
        for c in m.get("choices") or []:
            part = c.get("delta") or c.get("message") or {}
            out += part.get("content") or c.get("text") or ""
    return out


def folder(where, a, b):
    names = [sorted(f for f in os.listdir(d) if f not in EXTRA) for d in (a, b)]
    if names[0] != names[1]:
        differ((where or "folder") + ", files", [n for n in names[0] if n not in names[1]],
               [n for n in names[1] if n not in names[0]])
    for name in names[0]:
        if name not in names[1]:
            continue
        at, x, y = (os.path.join(d, name) for d in (where, a, b))
        if os.path.isdir(x):
            folder(at, x, y)
        elif name == "benchmark_args.json":
            arguments(at, *(json.load(open(p, encoding="utf-8")) for p in (x, y)))
        elif name.endswith(".json"):
            value(at if where == "" else name, "", *(json.load(open(p, encoding="utf-8")) for p in (x, y)))
        elif name.endswith(".db"):
            database(name, x, y)
        elif not os.path.getsize(y):
            differ(at, "text", "an empty file")


folder("", theirs, ours)
for line in bad:
    print(line)
print("%d values compared, %d differ" % (compared, len(bad)))
sys.exit(bool(bad))
