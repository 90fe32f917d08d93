#!/usr/bin/env python3
"""Compares a result of vLLM's bench with perf-stats' own by its definitions, for scripts/test-definitions."""

import json
import sys

theirs, ours = (json.load(open(path, encoding="utf-8")) for path in sys.argv[1:])
block = ours["blocks"][0]
rows = []  # name, theirs, ours, ms per unit; 0: must be equal, None: may differ by a tenth
for name, key in {"ttft": "ttft_ms", "tpot": "tpot_ms", "itl": "itl_ms", "e2el": "e2e_ms"}.items():
    f = block["figures"][key]
    rows += [(f"mean {name}", theirs[f"mean_{name}_ms"], f["mean"], 1)]
    rows.append((f"p50 {name}", theirs[f"p50_{name}_ms"], f["p50"], 1))
rows += [
    ("completed", theirs["completed"], block["figures"]["ttft_ms"]["n"], 0),
    ("requests/s", theirs["request_throughput"], block["requests_per_s"], None),
    ("output tok/s", theirs["output_throughput"], block["output_tokens_per_s"], None),
]

bad = 0
for name, x, y, scale in rows:
    near = abs(x - y) <= 0.1 * abs(x) or scale is not None and abs(x - y) * scale <= 15
    ok = x == y if scale == 0 else near
    bad += not ok
    print(f"{name:34} {x:12.4f} {y:12.4f}  {'' if ok else 'DIFFERS'}")
sys.exit(f"{bad} figures of vLLM differ" if bad else 0)
