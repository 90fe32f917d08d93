#!/usr/bin/env python3
"""Holds the result file of "perf-stats --format vllm" against vLLM itself, for scripts/test-definitions: its keys
against those of a file that vllm bench serve wrote, and its figures against those that vLLM's own function computes
from the same records.

    compare_vllm.py RECORDS OURS [THEIRS]
"""

import contextlib
import io
import json
import sys

import numpy as np
from vllm.benchmarks import serve
from vllm.benchmarks.lib.endpoint_request_func import RequestFuncOutput

records = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
records = [r for r in records if r.get("phase") != "warmup"]
ours = json.load(open(sys.argv[2], encoding="utf-8"))


def output(r):
    gaps = [g / 1e6 for g in r.get("gap_us", [])]
    ttft = r.get("ttft_ms", 0) / 1000
    return RequestFuncOutput(
        success=r["ok"],
        latency=ttft + sum(gaps) if ttft else r["latency_ms"] / 1000,
        output_tokens=r.get("completion_tokens", 0),
        ttft=ttft,
        itl=gaps,
        prompt_len=r.get("prompt_tokens", 0),
        start_time=r["sent_us"] / 1e6,
        client_queue_time=r.get("queue_ms", 0) / 1000,
        num_input_sequences=r.get("items", 1),
    )


outputs = [output(r) for r in sorted(records, key=lambda r: r["seq"])]
begin = min(r["scheduled_us"] for r in records)
duration = (max(r["sent_us"] + r["latency_ms"] * 1000 for r in records) - begin) / 1e6
percentiles = [50, 90, 99.9]
if "total_input_sequences" in ours:
    theirs = vars(serve.calculate_metrics_for_embeddings(outputs, duration, percentiles))
else:
    with contextlib.redirect_stdout(io.StringIO()):
        metrics, _ = serve.calculate_metrics([], outputs, duration, None, percentiles, {"ttft": 50, "tpot": 4})
    theirs = vars(metrics)
want = {"duration": duration, "queue_times": [o.client_queue_time for o in outputs]}
want["latencies"] = [o.latency if o.success else 0.0 for o in outputs]
for key, value in theirs.items():
    if key.startswith("percentiles_"):
        for p, v in value:
            want[f"p{int(p) if int(p) == p else p}_{key.removeprefix('percentiles_')}"] = v
    else:
        want[{"total_input": "total_input_tokens", "total_output": "total_output_tokens"}.get(key, key)] = value
if "total_input_sequences" in ours:
    del want["failed"]  # it is not in the file

bad = 0
for key, value in want.items():
    if key not in ours or not np.allclose(ours[key], value, rtol=2e-6, atol=2e-6):
        print(f"{key}: vLLM has {value}, ours is {ours.get(key)}")
        bad += 1
print(f"{len(want) - bad} of {len(want)} figures are those that vLLM {serve.__name__} computes")
if len(sys.argv) > 3:
    file = json.load(open(sys.argv[3], encoding="utf-8"))
    extra = {"simulated"} | {k for k in ours if k.startswith("p") and k[1:2].isdigit()}
    keys = [list(k for k in f if k not in extra and not k.startswith("p")) for f in (file, ours)]
    if keys[0] != keys[1]:
        sys.exit(f"vLLM's file has the keys {keys[0]}\nours {keys[1]}")
    missing = [k for k in file if k not in ours]
    known = [k for k in file if k in ours and file[k] is not None]
    types = [k for k in known if not isinstance(ours[k], (type(file[k]), int, float))]
    if missing or types:
        sys.exit(f"missing: {missing}; of another type: {types}")
    print(f"the {len(file)} keys of its file are in ours, in its order")
sys.exit(1 if bad else 0)
