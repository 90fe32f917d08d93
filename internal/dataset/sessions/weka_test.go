package sessions

import "testing"

// weka returns a trace of calls, written without the members that do not matter.
func weka(requests string) string {
	return `{"id":"w","models":["m"],"block_size":64,"hash_id_scope":"local","requests":[` + requests + `]}`
}

const (
	wekaSubagent = `{"t":0,"type":"n","model":"m","in":200,"out":30,"hash_ids":[1,2,3],"api_time":1},` +
		`{"t":2,"type":"subagent","agent_id":"a","duration_ms":3000,"requests":[{"t":2,"type":"n","model":"h","in":100,"out":50,"hash_ids":[10,11],"api_time":0.5}]},` +
		`{"t":6,"type":"s","model":"m","in":400,"out":40,"hash_ids":[1,2,3,4,5],"api_time":1.5}`
	wekaNested = `{"t":0,"type":"n","model":"m","in":9,"out":1,"api_time":1},{"t":2,"type":"subagent","agent_id":"a","requests":[` +
		`{"t":0.5,"type":"n","model":"m","in":8,"out":1,"api_time":0.5},{"t":1.5,"type":"subagent","agent_id":"b","requests":[` +
		`{"t":0.25,"type":"n","model":"m","in":7,"out":1,"api_time":1}]}]},{"t":9,"type":"n","model":"m","in":10,"out":1}`
)

func TestWeka(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"chain", weka(`{"t":0,"type":"n","model":"m","in":64,"out":4,"hash_ids":[1],"api_time":0.25},` +
			`{"t":1,"type":"n","model":"m","in":130,"out":0,"hash_ids":[1,2],"api_time":0.5},` +
			`{"t":1.25,"type":"s","model":"m","in":192,"out":4,"hash_ids":[1,2,3]}`),
			`w: 0[64/4] 1<0+750[130/0] +1/0<0+1000[192/4]`}, // the second call had not ended: another agent
		{"join", weka(wekaSubagent), `w: 0[200/30] a/0<0+1000[100/50] 1<a/0+3500[400/40]`},
		{"background", weka(`{"t":0,"type":"n","model":"m","in":64,"out":4,"hash_ids":[1]},` +
			`{"t":1,"type":"subagent","agent_id":"a","status":"async_launched","requests":[` +
			`{"t":1,"type":"n","model":"m","in":9,"out":4,"api_time":5}]},` +
			`{"t":2,"type":"n","model":"m","in":128,"out":4,"hash_ids":[1,2]}`),
			`w: 0[64/4] a/0<0+1000[9/4] 1<0+2000[128/4]`},
		{"relative and nested", weka(wekaNested),
			`w: 0[9/1] a/0<0+1500[8/1] a/b/0<a/0+750[7/1] 1<a/b/0+4250[10/1]`},
		{"no parent", weka(`{"t":1,"type":"subagent","agent_id":"a","requests":[{"t":1,"type":"n","model":"m","in":9,"out":4}]},` +
			`{"t":2,"type":"n","model":"m","in":64,"out":4,"hash_ids":[1]}`), `w: a/0[9/4] 0<a/0+1000[64/4]`},
		{"compaction", weka(`{"t":0,"type":"n","model":"m","in":128,"out":4,"hash_ids":[1,2]},` +
			`{"t":1,"type":"n","model":"m","in":128,"out":4,"hash_ids":[1,9]}`), `w: 0[128/4] 1<0+1000[128/4]`},
		{"another agent, since the first goes on", weka(`{"t":0,"type":"n","model":"m","in":128,"out":4,"hash_ids":[1,2]},` +
			`{"t":1,"type":"n","model":"m","in":128,"out":4,"hash_ids":[1,9],"api_time":3},` +
			`{"t":2,"type":"n","model":"m","in":192,"out":4,"hash_ids":[1,2,3]}`),
			`w: 0[128/4] +1/0<0+1000[128/4] 1<0+2000[192/4]`},
		{"another model is another agent", weka(`{"t":0,"type":"n","model":"m","in":128,"out":4,"hash_ids":[1,2]},` +
			`{"t":1,"type":"n","model":"h","in":192,"out":4,"hash_ids":[1,2,3]}`), `w: 0[128/4] +1/0<0+1000[192/4]`},
		{"a title begins no agent", weka(`{"t":0,"type":"n","model":"m","in":64,"out":4,"hash_ids":[77]},` +
			`{"t":1,"type":"n","model":"m","in":64,"out":4,"hash_ids":[1]},` +
			`{"t":2,"type":"n","model":"m","in":128,"out":4,"hash_ids":[1,2]}`),
			`w: 0[64/4] 1<0+1000[64/4] 2<1+1000[128/4]`},
		{"fan-out", weka(`{"t":0,"type":"n","model":"m","in":64,"out":4,"hash_ids":[1],"api_time":1},` +
			`{"t":2,"type":"n","model":"m","in":128,"out":4,"hash_ids":[1,10],"api_time":2},` +
			`{"t":2.5,"type":"n","model":"m","in":128,"out":4,"hash_ids":[1,20],"api_time":1},` +
			`{"t":5,"type":"n","model":"m","in":128,"out":4,"hash_ids":[1,2]}`),
			`w: 0[64/4] 1<0+1000[128/4] +1/0<0+1500[128/4] 2<1,+1/0+1000[128/4]`},
		{"subagents alone", weka(`{"t":1,"type":"subagent","agent_id":"a","requests":[{"t":1,"type":"n","model":"m","in":9,"out":4}]}`),
			`w: a/0[9/4]`},
		{"no calls", weka(``), ``},

		{"no list", `{"id":"w","block_size":64}`, `line 1: a Weka trace without requests`},
		{"type", weka(`{"t":0,"type":"x","in":1,"out":1}`), `line 1: requests[0]: type is "x": want n, s or subagent`},
		{"length", weka(wekaSubagent + `,{"t":7,"type":"subagent","requests":[{"type":"n","out":1}]}`),
			`line 1: requests[3].requests[0]: a call needs in and out`},
		{"negative", weka(`{"type":"n","in":-1,"out":1}`), `line 1: requests[0]: a prompt of -1 tokens`},
	} {
		t.Run(c.name, func(t *testing.T) { check(t, &Weka{}, c.in, c.want) })
	}
}

func FuzzWeka(f *testing.F) {
	fuzz(f, func() Decoder { return &Weka{} }, weka(wekaSubagent), weka(wekaNested), `{"requests":[]}`)
}
