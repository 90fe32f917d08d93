"""Reads outputs of evalscope perf as evalscope's own dashboard does, for scripts/test-evalscope.

    consume.py THEIRS OURS

The dashboard must find the same runs in both and show the same: every table with the same cells but for times, every
page of requests, and every chart, or the same refusal to draw it.
"""

import importlib.util
import math
import os
import sys

import evalscope

# Not as evalscope.service.perf_archive, whose package wants a web framework.
path = os.path.join(os.path.dirname(evalscope.__file__), "service", "perf_archive.py")
spec = importlib.util.spec_from_file_location("perf_archive", path)
archive = importlib.util.module_from_spec(spec)
spec.loader.exec_module(archive)

shown = 0


def plain(value, key=""):
    """A value for comparison: times and what depends on them become their type. NaN is null in ours."""
    if isinstance(value, dict):
        return {k: plain(v, k) for k, v in value.items() if k not in ("best_config", "recommendations")}
    if isinstance(value, (list, tuple)):
        return [plain(v, key) for v in value]
    if key in ("generated_at", "timestamp", "generated", "Output Path"):
        return "time"
    if isinstance(value, float) and not math.isnan(value):
        return "float"
    return value


def page(root, path):
    """Everything that the dashboard shows of a run."""
    global shown
    out = {"detail": plain(archive.build_run_detail(root, path))}
    for key in ("basic_info", "summary_rows"):
        out["detail"][key] = len(out["detail"][key])  # formatted times
    for item in archive.list_run_items(root, path):
        name = item["dir_name"]
        nan = [all(isinstance(v, float) and math.isnan(v) for v in c) for c in zip(*item.pop("percentile_rows"))]
        item["percentile_columns"] = [c for c, missing in zip(item["percentile_columns"], nan) if not missing]
        out[name] = plain(item)
        for status in (None, "success", "failed"):
            rows = archive.query_request_page(root, path, name, status, 1, 500)
            cells = [["time" if isinstance(c, float) else c for c in r.values()][1:] for r in rows.pop("rows")]
            out[name, status] = [rows, sorted(cells, key=str)]
        for chart in archive.REQUEST_CHARTS | archive.PERCENTILE_CHARTS:
            out[name, chart] = draw(root, path, chart, name)
    for chart in archive.SWEEP_CHARTS:
        out[chart] = draw(root, path, chart, None)
    shown += len(out)
    return out


def draw(root, path, chart, run):
    try:
        return "plotly" in archive.render_chart(root, path, chart, run, "light")
    except archive.PerfArchiveError as e:
        return e.message


theirs, ours = sys.argv[1:]
runs = [sorted(r["path"] for r in archive.list_run_summaries(root)) for root in (theirs, ours)]
if runs[0] != runs[1]:
    sys.exit("evalscope's dashboard finds %s, and of ours %s" % tuple(runs))
bad = 0
for path in runs[0]:
    a, b = page(theirs, path), page(ours, path)
    for key in a | b:
        if a.get(key) != b.get(key):
            bad += 1
            print("dashboard, %s, %s: evalscope's is %s, ours %s" % (path, key, a.get(key), b.get(key)))
print("dashboard: %d tables and charts of %d runs, %d differ" % (shown // 2, len(runs[0]), bad))
sys.exit(bool(bad))
