"""A stand-in for both hubs, which records what it is asked. It serves the same files as every repository.

    with Server(files) as hub:
        ...
        hub.asked()  # [("GET", "/api/v1/models/org/name/repo", "FilePath=…&Revision=…"), …]
"""

import hashlib
import json
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "1111111111111111111111111111111111111111"


class Server(ThreadingHTTPServer):
    """The server. large names the files that Hugging Face keeps outside git, with a sha256."""

    daemon_threads = True

    def __init__(self, files, large=()):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.large = files, large
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.lock, self.log = threading.Lock(), []
        self.lie = ""  # a file whose bytes are wrong
        self.old = False  # ModelScope's route for files of datasets is not there

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def asked(self):
        """Returns the requests since the last call."""
        with self.lock:
            log, self.log = self.log, []
        return log

    def etag(self, name):
        body = self.files[name]
        if name in self.large:
            return hashlib.sha256(body).hexdigest()
        return hashlib.sha1(b"blob %d\0" % len(body) + body).hexdigest()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        asked = urllib.parse.urlencode(sorted(query.items()))
        if "Range" in self.headers:
            asked += " " + self.headers["Range"]
        with self.server.lock:
            self.server.log.append((self.command, urllib.parse.unquote(url.path), asked))
        parts = urllib.parse.unquote(url.path).strip("/").split("/")
        if parts[:2] == ["api", "v1"]:
            self.modelscope(parts[2], parts[5:], query)
        elif parts[0] == "api" and parts[4] == "tree":
            self.reply_json(200, [self.leaf(n) for n in sorted(self.server.files)])
        elif parts[0] == "api":
            self.reply_json(200, self.info("/".join(parts[2:4])))
        elif parts[0] == "blob":
            self.file("/".join(parts[1:]))
        elif "resolve" in parts:
            self.resolve(parts[parts.index("resolve") + 1], "/".join(parts[parts.index("resolve") + 2 :]))
        else:
            self.reply_json(404, {})

    def modelscope(self, kind, rest, query):
        match rest:
            case ["repo", "files" | "tree"]:
                page, size = int(query.get("PageNumber", 1)), int(query.get("PageSize", 10000))
                files = sorted(self.server.files.items())[(page - 1) * size : page * size]
                self.answer({"Files": [self.entry(*f) for f in files]})
            case ["repo"] if not (self.server.old and kind == "datasets"):
                self.file(query["FilePath"])
            case ["revisions"]:
                revision = {"Revision": "master", "CreatedAt": 1}
                self.answer({"RevisionMap": {"Branches": [revision], "Tags": []}})
            case []:
                self.answer({"Id": 1, "Type": 1, "Name": "name", "Revision": "master"})
            case _:
                self.reply_json(404, {"Code": 404, "Message": "not found", "Success": False})

    def answer(self, data):
        self.reply_json(200, {"Code": 200, "Success": True, "Data": data})

    def entry(self, name, body):
        return {
            "Path": name,
            "Name": name.rpartition("/")[2],
            "Type": "blob",
            "Size": len(body),
            "Sha256": hashlib.sha256(body).hexdigest(),
            "CommittedDate": 1,
            "Revision": COMMIT,
        }

    def info(self, repo):
        files = [{"rfilename": n} for n in sorted(self.server.files)]
        return {"id": repo, "sha": COMMIT, "siblings": files, "private": False, "tags": [], "downloads": 0, "likes": 0}

    def leaf(self, name):
        leaf = {"type": "file", "path": name, "size": len(self.server.files[name]), "oid": "0" * 40}
        if name in self.server.large:
            leaf["lfs"] = {"oid": self.server.etag(name), "size": leaf["size"], "pointerSize": 100}
        else:
            leaf["oid"] = self.server.etag(name)
        return leaf

    def resolve(self, revision, name):
        if revision == "master":  # ModelScope's second route
            self.file(name)
            return
        headers = {"X-Repo-Commit": COMMIT}
        if name not in self.server.files:
            headers |= {"X-Error-Code": "EntryNotFound", "X-Error-Message": "Entry not found"}
            self.reply(404, b"", headers)
        elif name in self.server.large:
            headers |= {
                "X-Linked-Etag": f'"{self.server.etag(name)}"',
                "X-Linked-Size": str(len(self.server.files[name])),
                "Location": f"http://localhost:{self.server.server_port}/blob/{name}",
            }
            self.reply(302, b"", headers)
        else:
            self.file(name, headers | {"ETag": f'"{self.server.etag(name)}"'})

    def file(self, name, headers=None):
        body = self.server.files.get(name)
        if body is None:
            self.reply_json(404, {"Code": 404, "Message": "no such file", "Success": False})
            return
        if name == self.server.lie:
            body = body[:-1] + b"?"
        self.ranged(body, {"Accept-Ranges": "bytes"} | (headers or {}))

    def ranged(self, body, headers):
        wanted = self.headers.get("Range", "")
        if not wanted.startswith("bytes="):
            self.reply(200, body, headers)
            return
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        start, end = int(first), min(int(last or len(body) - 1), len(body) - 1)
        if start >= len(body):
            self.reply(416, b"", {"Content-Range": f"bytes */{len(body)}"})
            return
        self.reply(206, body[start : end + 1], headers | {"Content-Range": f"bytes {start}-{end}/{len(body)}"})

    def reply_json(self, status, value):
        self.reply(status, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def reply(self, status, body, headers):
        self.send_response(status)
        for k, v in headers.items():
            self.send_header(k, v)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
