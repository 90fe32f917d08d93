# Sourced by scripts. Moves to the root of the tree, and defines envs (see envs.sh) and:
#
#     work                  a temporary folder, which is removed at the end
#     pids                  the processes to end before that, the newest first
#     say TEXT…             prints a message
#     fail TEXT…            prints a message and ends the script
#     need PROGRAM…         fails unless all are installed
#     build [PACKAGE…]      builds Go programs, by default the commands, and puts them first in PATH
#     ports [N]             prints free ports
#     up URL LOG            waits until a server answers
#     simulator SPEC ARG…   starts the simulator and sets url
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. scripts/internal/envs.sh

work=$(mktemp -d)
pids=()
stop() {
	local i
	for ((i = ${#pids[@]} - 1; i >= 0; i--)); do # with its group, if it leads one
		kill -- "-${pids[i]}" 2>/dev/null || kill "${pids[i]}" 2>/dev/null || true
	done
	wait
}
trap 'stop; rm -rf "$work"' EXIT

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
fail() {
	say "FAILED: $*"
	exit 1
}
need() {
	local program missing=()
	for program; do command -v "$program" >/dev/null || missing+=("$program"); done
	[ ${#missing[@]} = 0 ] || fail "not installed: ${missing[*]}"
}
build() {
	[ $# -gt 0 ] || set -- ./cmd/...
	go build -o "$work/bin/" "$@"
	export PATH=$work/bin:$PATH
}
ports() {
	python3 -c 'import socket, sys
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(s.getsockname()[1] for s in held))' "${1:-1}"
}
up() {
	local _
	for _ in $(seq 1200); do
		if curl -sf -o /dev/null --max-time 5 "$1"; then return; fi
		kill -0 $! 2>/dev/null || break
		sleep 0.5
	done
	fail "$1 does not answer: $(tail -n 20 "$2")"
}
simulator() {
	rm -f "$work/url"
	perf-send --serve-sim 127.0.0.1:0 --sim "$@" >"$work/url" 2>"$work/sim.log" &
	pids+=($!)
	until [ -s "$work/url" ]; do
		kill -0 $! 2>/dev/null || fail "the simulator: $(cat "$work/sim.log")"
		sleep 0.1
	done
	url=$(head -1 "$work/url")
}
