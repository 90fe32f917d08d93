package record

// tolerance is by how much a server's times may exceed the client's, in ms: clocks and rounding differ. Some servers
// report whole steps of 10 ms.
func (r *Record) tolerance() float64 {
	if r.ServerFrom == "tabbyapi" {
		return 11
	}
	return 1
}

// serverKeys are the keys of times that a server reports.
const serverKeys = KeyServerQueueMs | KeyServerLoadMs | KeyServerPrefillMs | KeyServerTTFTMs | KeyServerDecodeMs |
	KeyServerITLMs | KeyServerTotalMs | KeyServerHeadersMs

// HasServerTimes reports whether the record has times of the server or of a proxy.
func (r *Record) HasServerTimes() bool { return r.Says(serverKeys | KeyGatewayMs) }

// Doubt returns why the server's times cannot be those of this answer, or an empty string: server_doubt, or what
// follows from the times.
func (r *Record) Doubt() string {
	if r.ServerDoubt != "" || !r.HasServerTimes() {
		return r.ServerDoubt
	}
	if min(r.ServerQueueMs, r.ServerLoadMs, r.ServerPrefillMs, r.ServerTTFTMs, r.ServerDecodeMs, r.ServerITLMs,
		r.ServerTotalMs, r.ServerHeadersMs, r.GatewayMs) < 0 {
		return DoubtNegative
	}
	wait := r.ServerQueueMs + r.ServerLoadMs
	first, total := r.ServerTTFTMs, r.ServerTotalMs
	if r.ServerOrigin == OriginScheduling {
		if first > 0 {
			first += wait
		}
		if total > 0 {
			total += wait
		}
	}
	first = max(first, wait+r.ServerPrefillMs, r.ServerHeadersMs)
	if r.Streamed() && first > r.TTFTMs+r.tolerance() {
		return DoubtTTFT
	}
	if max(total, first, wait+r.ServerPrefillMs+r.ServerDecodeMs) > r.LatencyMs+r.tolerance() {
		return DoubtLatency
	}
	return ""
}

// The origins of server_ttft_ms and server_total_ms.
const (
	OriginReceipt    = "receipt"
	OriginScheduling = "scheduling"
)
