#!/usr/bin/env python3
"""Copies folders of evalscope perf into goldens of internal/evalscope, for scripts/test-evalscope --update.

    golden.py OUTPUTS GOLDENS

The database becomes result.jsonl: a line for each row, with the cached tokens, the number of messages and that of empty
chunks in place of the request and the response.
"""

import base64
import json
import os
import pickle
import re
import shutil
import sqlite3
import sys

outputs, goldens = sys.argv[1:]


def empty(chunks):
    """The number of chunks without output after the first with output."""
    choices = [c["choices"][0] for c in chunks if c.get("choices")]
    texts = [(c.get("delta") or {}).get("content") or c.get("text") for c in choices]
    first = next((i for i, text in enumerate(texts) if text), len(texts))
    return sum(not text for text in texts[first:])


def line(row):
    row["empty"] = empty(pickle.loads(base64.b64decode(row.pop("response_messages"))))
    row["inter_token_latencies"] = json.loads(row["inter_token_latencies"])
    messages = json.loads(row.pop("request")).get("messages", [])
    row["messages"] = len(messages)
    said = re.search(r"cached=(\d+)", messages[-1]["content"]) if messages else None
    row["cached"] = int(said[1]) if said else None  # the server reports what it is told
    return json.dumps(row)


for kind in sorted(os.listdir(outputs)):
    if not os.path.isdir(os.path.join(outputs, kind)):
        continue
    for point in sorted(os.listdir(os.path.join(outputs, kind))):
        source = os.path.join(outputs, kind, point)
        if not os.path.isdir(source):
            continue
        folder = os.path.join(goldens, kind, point)
        os.makedirs(folder, exist_ok=True)
        for name in os.listdir(source):
            if name.endswith(".json") and name != "benchmark_args.json":
                shutil.copy(os.path.join(source, name), folder)
        db = sqlite3.connect("file:%s/benchmark_data.db?mode=ro" % source, uri=True)
        db.row_factory = sqlite3.Row
        with open(os.path.join(folder, "result.jsonl"), "w") as f:
            f.writelines(line(dict(r)) + "\n" for r in db.execute("SELECT * FROM result"))
