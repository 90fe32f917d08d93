"""Logs the events of perf-stats with a tracker's own package.

Reads one event a line from `lines` and answers each with a line: {} or {"place": ...} where all went well, else
{"error": ..., "hint": ...}. What the packages print goes to standard error.
"""
import csv
import importlib
import io
import os
import shutil
import sys

answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)
sys.stdout = sys.stderr


def answer(**said):
    answers.write(json.dumps(said) + "\n")
    answers.flush()


class Wandb:
    package = install = "wandb"
    current = None
    # The load generator's machine is not what is measured, and code and terminal are none of a tracker's business.
    environ = {"WANDB_DIR": hello["dir"], "WANDB_SILENT": "true", "WANDB_CONSOLE": "off", "WANDB_DISABLE_GIT": "true",
               "WANDB_DISABLE_CODE": "true", "WANDB_X_DISABLE_STATS": "true"}
    key = "WANDB_API_KEY holds the key, or wandb login keeps it; WANDB_MODE=offline needs none"

    def __init__(self, wandb):
        self.wandb = wandb

    def run(self, name, config):
        self.axes = set()
        os.makedirs(os.environ["WANDB_DIR"], exist_ok=True)
        self.current = self.wandb.init(project=hello["project"], name=name, config=config)
        if self.current.url:
            return self.current.url
        run_dir = os.path.dirname(self.current.dir)
        return "offline run in %s, which wandb sync sends" % run_dir

    def log(self, point, axis, step, values):
        prefix = point + "/" if point else ""
        for name in [axis] + list(values):
            key = prefix + name
            if key not in self.axes and "*" not in key:
                self.axes.add(key)
                self.current.define_metric(key, step_metric=None if name == axis else prefix + axis)
        self.current.log({prefix + name: value for name, value in values.items()})

    def table(self, name, columns, rows):
        self.current.log({name: self.wandb.Table(columns=columns, data=rows, allow_mixed_types=True)})

    def chart(self, name, x, y, series):
        line = self.wandb.plot.line_series(
            xs=[[p[0] for p in s["points"]] for s in series],
            ys=[[p[1] for p in s["points"]] for s in series],
            keys=[s["name"] for s in series], title=name, xname=x)
        self.current.log({name: line})

    def config(self, config):
        self.current.config.update(config, allow_val_change=True)

    def file(self, path):
        artifact = self.wandb.Artifact("records-" + self.current.id, type="records")
        artifact.add_file(path)
        self.current.log_artifact(artifact)

    def finish(self, failed):
        self.current.finish(exit_code=1 if failed else 0)


class Swanlab:
    package, install = "swanlab", "'swanlab[dashboard]'"
    current = None
    environ = {"SWANLAB_TERMINAL_PROXY_TYPE": "none", "SWANLAB_PROBE_MONITOR": "false", "SWANLAB_PROBE_GIT": "false"}
    key = "SWANLAB_API_KEY holds the key, or swanlab login keeps it; SWANLAB_MODE=local needs none"

    def __init__(self, swanlab):
        self.swanlab = swanlab
        env = os.environ.get("SWANLAB_LOG_DIR") or os.environ.get("SWANLAB_LOGDIR")
        self.log_dir = env or os.path.join(hello["dir"], "swanlog")

    def run(self, name, config):
        os.makedirs(self.log_dir, exist_ok=True)
        options = {}
        key, host = os.environ.get("SWANLAB_API_KEY"), os.environ.get("SWANLAB_HOST")
        if key == "local":  # evalscope's way to say it
            del os.environ["SWANLAB_API_KEY"]
            options["mode"] = "local"
        elif host:
            self.swanlab.login(api_key=key, host=host)
        self.current = self.swanlab.init(
            project=hello["project"], name=name, config=config, log_dir=self.log_dir, **options)
        self.local = self.current.mode == "local"
        if self.local:
            return "local run in %s, which swanlab watch %s shows" % (self.current.dir, self.log_dir)
        if self.current.mode == "online":
            return self.current.url
        return "%s run in %s, which swanlab sync sends" % (self.current.mode, self.current.dir)

    def log(self, point, axis, step, values):
        # Over the step rather than another metric: a chart is shared by all runs of a project, and has the axis of the
        # first, whether that was a sweep or not.
        prefix = point + "/" if point else ""
        self.current.log({prefix + name: value for name, value in values.items()}, step=step)

    # The dashboard of local runs draws numbers over whole steps, and text. The server draws what ECharts can.

    def table(self, name, columns, rows):
        if self.local:
            text = io.StringIO()
            csv.writer(text).writerows([columns] + rows)
            table = self.swanlab.Text(text.getvalue())
        else:
            table = self.swanlab.echarts.Table()
            table.add(columns, rows)
        self.current.log({"tables/" + name: table}, step=0)

    def chart(self, name, x, y, series):
        if self.local:
            for s in series:
                for at, value in s["points"]:
                    if at == int(at):
                        self.current.log({name + "/" + s["name"]: value}, step=int(at))
            return
        from pyecharts import options

        line = self.swanlab.echarts.Line()
        for s in series:
            line.add_xaxis([p[0] for p in s["points"]])  # pyecharts pairs it with the values that follow
            line.add_yaxis(s["name"], [p[1] for p in s["points"]], label_opts=options.LabelOpts(is_show=False))
        line.set_global_opts(
            xaxis_opts=options.AxisOpts(type_="value", name=x, min_="dataMin", max_="dataMax"),
            yaxis_opts=options.AxisOpts(type_="value", name=y))
        self.current.log({"charts/" + name: line}, step=0)

    def config(self, config):
        self.swanlab.config.update(config)

    def file(self, path):
        if self.current.mode != "online":  # the run would hold a link, which dangles once the file is gone
            path = shutil.copy(path, str(self.current.dir))
        self.current.save(path, base_path=os.path.dirname(path), policy="now")

    def finish(self, failed):
        if failed:
            self.current.finish(state="crashed", error=failed)
        else:
            self.current.finish()


class Clearml:
    package = install = "clearml"
    current = None
    environ = {"CLEARML_VCS_DIFF": "", "CLEARML_LOG_LEVEL": "ERROR"}
    key = "clearml-init, or CLEARML_API_ACCESS_KEY and CLEARML_API_SECRET_KEY; CLEARML_OFFLINE_MODE=1 needs none"

    def __init__(self, clearml):
        self.clearml = clearml

    def run(self, name, config):
        self.current = self.clearml.Task.init(
            project_name=hello["project"], task_name=name, task_type=self.clearml.Task.TaskTypes.testing,
            reuse_last_task_id=False, auto_connect_arg_parser=False, auto_connect_frameworks=False,
            auto_resource_monitoring=False, auto_connect_streams=False)
        self.logger = self.current.get_logger()
        self.current.connect(config)
        if self.clearml.Task.is_offline():
            return "offline task in %s" % self.current.get_offline_mode_folder()
        return self.current.get_output_log_web_page()

    def log(self, point, axis, step, values):
        # One chart shows a value of all load points. The present level of a sweep is over another axis.
        live = "live/" if point.startswith("live") else ""
        for name, value in values.items():
            self.logger.report_scalar(title=live + name, series=point or axis, value=value, iteration=step)

    def table(self, name, columns, rows):
        cells = [["" if c is None else c for c in row] for row in rows]
        self.logger.report_table(title=name, series=name, iteration=0, table_plot=[columns] + cells)

    def chart(self, name, x, y, series):
        for s in series:
            self.logger.report_scatter2d(
                title=name, series=s["name"] or "all", iteration=0, scatter=s["points"], xaxis=x, yaxis=y,
                mode="lines+markers")

    def config(self, config):
        self.current.connect(config, name="records")

    def file(self, path):
        self.current.upload_artifact("records", artifact_object=path, wait_on_upload=True)

    def finish(self, failed):
        if failed:
            self.current.mark_failed(status_message=failed)
        self.current.close()


def serve():
    kind = {"wandb": Wandb, "swanlab": Swanlab, "clearml": Clearml}[hello["tracker"]]
    for name, value in kind.environ.items():
        os.environ.setdefault(name, value)
    tracker = None
    for line in lines:
        event = json.loads(line)
        op = event["op"]
        try:
            if tracker is None:
                tracker = kind(importlib.import_module(kind.package))
            answer(**handle(tracker, op, event))
        except BaseException as e:  # some packages exit
            if isinstance(e, ModuleNotFoundError) and e.name == kind.package:
                answer(error="%s has no package %s" % (hello["python"], kind.package),
                       hint="%s -m pip install %s" % (hello["python"], kind.install))
            else:
                answer(error=why(e), hint=kind.key if op == "run" else "")
    if tracker is not None and tracker.current is not None:
        tracker.finish("perf-stats ended before its records did")


def handle(tracker, op, event):
    if op == "run":
        return {"place": tracker.run(event["name"], event.get("config", {}))}
    if op == "log":
        tracker.log(event.get("point", ""), event["axis"], event.get("step", 0), event["values"])
    elif op == "table":
        tracker.table(event["name"], event["columns"], event["rows"])
    elif op == "chart":
        tracker.chart(event["name"], event["x"], event["y"], event["series"])
    elif op == "config":
        tracker.config(event["config"])
    elif op == "file":
        tracker.file(event["path"])
    elif op == "finish":
        tracker.finish(event.get("failed"))
        tracker.current = None
    return {}


def why(e):
    text = " ".join(str(e).split())
    return "%s: %s" % (type(e).__name__, text[:500]) if text else type(e).__name__


serve()
os._exit(0)  # whatever threads a package left behind
