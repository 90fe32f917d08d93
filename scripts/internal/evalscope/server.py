#!/usr/bin/env python3
"""A stand-in for a model server, for scripts/test-evalscope. The last message tells it how to answer.

    server.py URLFILE

Words of the message: chunk=N tokens a chunk (1), cached=N tokens of the prompt that were cached, tail=0 puts the finish
reason into the last chunk of text, fail=500 answers with that status, fail=error fails within the stream, fail=cut ends
the connection in the middle of it. An answer has max_tokens tokens, the first after 60 ms and then one every 5 ms. It
serves chat, completions and embeddings, and writes its URL into URLFILE.
"""

import http.server
import json
import re
import sys
import time

FIRST, NEXT = 0.060, 0.005


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.whole({"object": "list", "data": [{"id": "stand-in", "object": "model"}]})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text = body.get("prompt") or body.get("input") or ""
        words = 0
        for m in body.get("messages", []):
            text = m["content"]
            words += len(text.split())
        if not isinstance(text, str):
            text = " ".join(map(str, text))
        words = words or len(text.split())
        said = dict(re.findall(r"(\w+)=(\w+)", text))
        if said.get("fail", "").isdigit():
            time.sleep(FIRST)
            return self.whole({"error": {"message": "asked to fail", "code": 500}}, int(said["fail"]))
        if self.path.endswith("/embeddings"):
            time.sleep(FIRST)
            vector = {"object": "embedding", "index": 0, "embedding": [0.5, 0.25]}
            usage = {"prompt_tokens": words, "total_tokens": words}
            return self.whole({"object": "list", "data": [vector], "usage": usage})
        self.chat = self.path.endswith("/chat/completions")
        tokens = body.get("max_tokens", 16)
        usage = {"prompt_tokens": words, "completion_tokens": tokens, "total_tokens": words + tokens}
        if "cached" in said:
            usage["prompt_tokens_details"] = {"cached_tokens": int(said["cached"])}
        if body.get("stream"):
            return self.stream(tokens, usage, said)
        time.sleep(FIRST + NEXT * (tokens - 1))
        answer = "word " * tokens
        choice = {"index": 0, "finish_reason": "length"}
        choice |= {"message": {"role": "assistant", "content": answer}} if self.chat else {"text": answer}
        kind = "chat.completion" if self.chat else "text_completion"
        self.whole({"id": "1", "object": kind, "model": "stand-in", "choices": [choice], "usage": usage})

    def whole(self, answer, status=200):
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def stream(self, tokens, usage, said):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if self.chat:
            self.event({"role": "assistant", "content": ""})
        size, tail = int(said.get("chunk", 1)), said.get("tail") != "0"
        due, sent = time.perf_counter() + FIRST, 0
        while sent < tokens:
            time.sleep(max(0, due - time.perf_counter()))
            n = min(size, tokens - sent)
            sent, due = sent + n, due + NEXT * n
            if "fail" in said and sent * 2 >= tokens:
                if said["fail"] == "error":
                    self.data({"error": {"message": "asked to fail", "code": 500}})
                    self.wfile.write(b"0\r\n\r\n")
                else:
                    self.close_connection = True
                return
            self.event({"content": "word " * n}, None if tail or sent < tokens else "length")
        if tail:
            self.event({}, "length")
        self.data({"id": "1", "object": self.kind(), "model": "stand-in", "choices": [], "usage": usage})
        self.write(b"data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def kind(self):
        return "chat.completion.chunk" if self.chat else "text_completion"

    def event(self, delta, finish=None):
        choice = {"index": 0, "finish_reason": finish}
        choice |= {"delta": delta} if self.chat else {"text": delta.get("content", "")}
        self.data({"id": "1", "object": self.kind(), "model": "stand-in", "choices": [choice]})

    def data(self, value):
        self.write(b"data: " + json.dumps(value).encode() + b"\n\n")

    def write(self, b):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(b), b))
        self.wfile.flush()


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
with open(sys.argv[1], "w") as f:
    f.write("http://127.0.0.1:%d" % server.server_port)
server.serve_forever()
