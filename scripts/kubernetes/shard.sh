#!/bin/sh
# Runs one shard as a pod of the indexed Job. JOB_COMPLETION_INDEX is its number, SHARDS their number; GEN and SEND
# are the arguments of perf-gen and perf-send, quoted for a shell. Pod 0 generates the requests into the shared
# folder, and sets the start time once all pods run.
set -eu
cd "$1"
me=$JOB_COMPLETION_INDEX

end() {
	status=$?
	if [ "$status" = 0 ]; then touch "done.$me"; else echo "shard $me ended with $status" >"failed.$me"; fi
}
trap end EXIT

# await WHAT COMMAND…: waits until the command succeeds.
await() {
	what=$1 left=$((${WAIT:-3600} * 2))
	shift
	until "$@"; do
		for f in failed.*; do [ ! -e "$f" ] || { echo "another shard has failed" >&2; exit 1; }; done
		[ $((left -= 1)) -gt 0 ] || { echo "waited too long for $what" >&2; exit 1; }
		sleep 0.5
	done
}
all_ready() { set -- ready.*; [ -e "$1" ] && [ $# -ge "$SHARDS" ]; }

if [ "$me" = 0 ]; then
	eval "perf-gen $GEN --output requests.jsonl"
	touch generated
fi
await 'the requests' test -e generated
touch "ready.$me"
if [ "$me" = 0 ]; then
	await "all $SHARDS shards: can the cluster run them at once?" all_ready
	echo $(($(date +%s) + ${LEAD:-5})) >start.partial # time for every node to see the file
	mv start.partial start
fi
eval "perf-send $SEND --shards $SHARDS --start-at @start --no-progress --facts-out facts.$me.json --force" \
	"--output records.$me.jsonl requests.jsonl"
