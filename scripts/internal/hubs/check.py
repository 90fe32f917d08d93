"""Lets the hubs' own clients and perf-gen ask a stand-in for the same things, and compares what they asked, what they
left in their caches, and what they refuse. scripts/test-hubs runs it.

Differences that are right:

* ModelScope's client asks for a faster route of its own cloud (internalAccelerationInfo), and for a file of a model for
  its revisions; perf-gen asks neither.
* huggingface_hub asks for the bytes of a large file where the hub's HEAD led; perf-gen asks the hub again, which leads
  there.
* huggingface_hub names the commit once it has listed it; perf-gen names it once the cache has it.
* huggingface_hub marks its folder as a cache (CACHEDIR.TAG), does not continue an interrupted download in another
  process, and compares sizes only, where perf-gen compares checksums.
* ModelScope's client has no list of files in its cache, so that perf-gen asks for one again if a pattern needs it.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from server import COMMIT, Server

ROWS = b'{"question":"what is this?","human_answers":[]}\n{"question":"and this?","human_answers":[]}\n'
VOCABULARY = json.dumps(
    {
        "version": "1.0",
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {"type": "BPE", "vocab": {chr(c): c - 33 for c in range(33, 127)} | {"\u0120": 94}, "merges": []},
    }
).encode()
FILES = {
    "open_qa.jsonl": ROWS,
    "data/part 1.jsonl": ROWS,
    "data/part-2.jsonl": ROWS + ROWS,
    "tokenizer.json": VOCABULARY,
    "tokenizer_config.json": b"{}",
}
LARGE = ("data/part-2.jsonl",)

MS_DATASET = "from modelscope import dataset_snapshot_download as get; get({repo!r}, allow_patterns={files!r})"
MS_MODEL = "from modelscope import snapshot_download as get; get({repo!r}, allow_patterns={files!r})"
HF_DATASET = (
    "from huggingface_hub import snapshot_download as get; get({repo!r}, repo_type='dataset', allow_patterns={files!r})"
)
HF_FILE = (
    "from huggingface_hub import hf_hub_download as get\n"
    "for f in {files!r}: get({repo!r}, f, repo_type='dataset')"
)
HF_MODEL = (
    "from huggingface_hub import hf_hub_download as get, snapshot_download\n"
    "from huggingface_hub.errors import EntryNotFoundError\n"
    "for f in {files!r}:\n"
    " try: get({repo!r}, f)\n"
    " except EntryNotFoundError: pass\n"
    "snapshot_download({repo!r}, allow_patterns='*.tiktoken')\n"
)
TOKENIZER = [
    "tokenizer.json", "vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json",
    "added_tokens.json", "chat_template.jinja", "chat_template.json", "tiktoken.model",
]  # fmt: skip
TEXT = ["--dataset", "text", "--text-column", "question", "--number", "1"]

# What is asked for: a name, the hub, the client's code, the repository and files, and perf-gen's flags.
CASES = [
    ("openqa", "modelscope", MS_DATASET, "AI-ModelScope/HC3-Chinese", ["open_qa.jsonl"], ["--dataset", "openqa"]),
    ("files of a dataset", "modelscope", MS_DATASET, "org/name", ["data/*.jsonl"],
     [*TEXT, "--dataset-path", "org/name/data/*.jsonl"]),
    ("a tokenizer", "modelscope", MS_MODEL, "org/name.v2", TOKENIZER,
     ["--prompt", "hi", "--number", "1", "--tokenizer-path", "org/name.v2"]),
    ("openqa", "huggingface", HF_FILE, "Hello-SimpleAI/HC3-Chinese", ["open_qa.jsonl"], ["--dataset", "openqa"]),
    ("files of a dataset", "huggingface", HF_DATASET, "org/name", ["data/*.jsonl"],
     [*TEXT, "--dataset-path", "org/name/data/*.jsonl"]),
    ("a tokenizer", "huggingface", HF_MODEL, "org/name", TOKENIZER,
     ["--prompt", "hi", "--number", "1", "--tokenizer-path", "org/name"]),
]  # fmt: skip


class Home:
    """An empty home folder, and commands that run in it."""

    def __init__(self, hub):
        self.hub, self.dir = hub, tempfile.TemporaryDirectory()
        drop = ("HF_", "HUGGING", "MODELSCOPE_", "MS_", "XDG_", "TRANSFORMERS_")
        env = {k: v for k, v in os.environ.items() if not k.startswith(drop)}
        self.env = env | {
            "HOME": self.dir.name,
            "HF_ENDPOINT": hub.url,
            "MODELSCOPE_ENDPOINT": hub.url,
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "NO_PROXY": "127.0.0.1,localhost",
        }

    def run(self, *command, **env):
        return subprocess.run(command, env=self.env | env, capture_output=True, text=True, timeout=120)

    def sdk(self, code, repo, files, **env):
        return self.run(sys.executable, "-c", code.format(repo=repo, files=files), **env)

    def gen(self, source, flags, **env):
        return self.run("perf-gen", "--data-source", source, *flags, "--model", "m", **env)

    def cache(self):
        """Returns the files of the caches, with their bytes or the target of their link."""
        root = pathlib.Path(self.dir.name, ".cache")
        found = {}
        for p in root.rglob("*"):
            name = str(p.relative_to(root))
            if p.is_symlink():
                found[name] = "-> " + os.readlink(p)
            elif p.is_file() and "/trees/" in name:
                found[name] = json.loads(p.read_text())
            elif p.is_file() and p.name != "CACHEDIR.TAG":
                found[name] = p.read_bytes()
        return found

    def path(self, name):
        return pathlib.Path(self.dir.name, ".cache", name)


def routes(hub, asked):
    """Returns requests without the differences that are right."""
    out = []
    for method, path, query in asked:
        if path.endswith(("/internalAccelerationInfo", "/revisions")):
            continue
        path = re.sub(rf"/(resolve|revision)/(main|{COMMIT})", r"/\1/REVISION", path)
        if method == "GET" and "/resolve/" in path and path.partition("/REVISION/")[2] in hub.large:
            continue
        out.append(f"{method} {path} {query}".strip())
    return sorted(out)


failures = 0


def check(what, ok, *more):
    global failures
    if not ok:
        failures += 1
        print(f"test-hubs: FAILED: {what}", *more, sep="\n    ")


def same(what, sdk, ours):
    check(what, sdk == ours, f"the hub's client: {sdk}", f"perf-gen:         {ours}")


def done(what, process):
    check(what, process.returncode == 0, process.stderr[-2000:])


def compare(hub, name, source, code, repo, files, flags):
    """Both clients fetch, each in an empty home; then each finds what the other has fetched."""
    what = f"{source}: {name}"
    theirs, ours = Home(hub), Home(hub)
    done(what, theirs.sdk(code, repo, files))
    asked = routes(hub, hub.asked())
    check(f"{what}: requests", asked)
    done(what, ours.gen(source, flags))
    same(f"{what}: requests", asked, routes(hub, hub.asked()))
    same(f"{what}: cache", theirs.cache(), ours.cache())

    before = theirs.cache()
    done(f"{what}: perf-gen in the client's cache", theirs.gen(source, flags))
    asked_again = hub.asked()
    if source == "modelscope" and name != "openqa":
        asked_again = [a for a in asked_again if "/repo/" not in a[1]]
    same(f"{what}: perf-gen asks in the client's cache", [], asked_again)
    same(f"{what}: the client's cache after perf-gen", before, theirs.cache())
    done(f"{what}: the client in perf-gen's cache", ours.sdk(code, repo, files))
    again = [a for a in hub.asked() if a[0] == "GET" and ("FilePath=" in a[2] or re.search("/(resolve|blob)/", a[1]))]
    same(f"{what}: the client fetches again what perf-gen has fetched", [], again)
    same(f"{what}: perf-gen's cache after the client", before, ours.cache())
    print(f"test-hubs: {what}: {len(asked)} requests and {len(before)} files are equal; each finds the other's")
    return theirs


def partial(hub, name, source, code, repo, files, flags):
    """Both go on where an interrupted download of the other stopped."""
    whole = Home(hub)
    done(name, whole.sdk(code, repo, files))
    hub.asked()
    body = FILES[files[0]]
    blob = next(n for n, b in whole.cache().items() if b == body)
    ranges = []
    for run in [lambda h: h.sdk(code, repo, files), lambda h: h.gen(source, flags)][source == "huggingface" :]:
        home = Home(hub)
        part = home.path(blob + ".incomplete")
        part.parent.mkdir(parents=True)
        part.write_bytes(body[:10])
        done(f"{source}: {name}, interrupted", run(home))
        ranges.append([q.partition(" ")[2] for _, _, q in hub.asked() if "bytes=" in q])
        same(f"{source}: the bytes after an interruption", body, home.cache()[blob])
        check(f"{source}: the partial file is gone", not part.exists())
    check(f"{source}: range", ranges[0] and ranges[0][0].startswith("bytes=10-"), ranges)
    starts = [[r.partition("-")[0] for r in rs] for rs in ranges]
    same(f"{source}: the start of the range", starts[0], starts[-1])
    print(f"test-hubs: {source}: an interrupted download continues at byte 10")


def locked(hub, name, source, flags, theirs):
    """perf-gen waits while the client's lock is held."""
    home = Home(hub)
    (lock,) = (n for n in theirs.cache() if n.endswith(".lock"))
    path = home.path(lock)
    path.parent.mkdir(parents=True)
    hold = (
        "import filelock, sys\n"
        "with filelock.FileLock(sys.argv[1]):\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", hold, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    holder.stdout.readline()
    gen = subprocess.Popen(
        ["perf-gen", "--data-source", source, *flags, "--model", "m"],
        env=home.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    waiting = gen.stderr.readline()
    while "waiting for another process" not in waiting and gen.poll() is None:
        waiting = gen.stderr.readline()
    check(f"{source}: {name}: it waits for the lock", "waiting for another process" in waiting, waiting)
    holder.communicate("")
    _, err = gen.communicate(timeout=60)
    check(f"{source}: {name}: it goes on", gen.returncode == 0, err)
    hub.asked()
    print(f"test-hubs: {source}: perf-gen waits for the client's lock")


def refused(hub, name, source, code, repo, files, flags):
    """Wrong bytes are refused, and nothing is left under the file's name."""
    hub.lie = files[0]
    clients = ("the client", lambda h: h.sdk(code, repo, files)), ("perf-gen", lambda h: h.gen(source, flags))
    for who, run in clients:
        if who == "the client" and source == "huggingface":
            continue
        home = Home(hub)
        r = run(home)
        check(f"{source}: {who} accepts wrong bytes", r.returncode != 0)
        left = [n for n in home.cache() if n.endswith((".jsonl", ".incomplete")) or "/blobs/" in n]
        same(f"{source}: {who}: files after wrong bytes", [], left)
    hub.lie = ""
    hub.asked()
    print(f"test-hubs: {source}: wrong bytes are refused")


def second_route(hub):
    """Without ModelScope's route to files of datasets, perf-gen takes that of its web pages."""
    hub.old = True
    home = Home(hub)
    done("the second route", home.gen("modelscope", ["--dataset", "openqa"]))
    asked = [a[1] for a in hub.asked()][-2:]
    repo = "datasets/AI-ModelScope/HC3-Chinese"
    same("the second route", [f"/api/v1/{repo}/repo", f"/{repo}/resolve/master/open_qa.jsonl"], asked)
    hub.old = False
    print("test-hubs: modelscope: the second route is tried")


def main():
    begin = time.monotonic()
    with Server(FILES, LARGE) as hub:
        for case in CASES:
            theirs = compare(hub, *case)
            if case[0] == "openqa":
                locked(hub, case[0], case[1], case[-1], theirs)
                partial(hub, *case)
                refused(hub, *case)
        second_route(hub)
    if failures:
        sys.exit(1)
    print(f"test-hubs: passed in {time.monotonic() - begin:.0f} s")


main()
