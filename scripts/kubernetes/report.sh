#!/bin/sh
# Ends a run: waits until each of SHARDS has succeeded or failed, joins the records in the shared folder and prints
# their statistics, which name missing shards.
set -eu
cd "$1"
ended() { n=0; for f in done.* failed.*; do [ ! -e "$f" ] || n=$((n + 1)); done; [ $n -ge "$SHARDS" ]; }
until ended; do sleep 0.5; done
cat records.*.jsonl >records.jsonl
perf-stats records.jsonl
for f in failed.*; do
	[ ! -e "$f" ] || { cat failed.* >&2; exit 1; }
done
