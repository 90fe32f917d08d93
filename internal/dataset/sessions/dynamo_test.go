package sessions

import (
	"fmt"
	"testing"
)

// dynamoEvent is the end of a request of a session from one time to another, in ms.
func dynamoEvent(id, session, parent string, from, to int, rest string) string {
	agent := ""
	if session != "" {
		agent = fmt.Sprintf(`,"agent_context":{"session_id":%q`, session)
		if parent != "" {
			agent += fmt.Sprintf(`,"parent_session_id":%q`, parent)
		}
		agent += "}"
	}
	return fmt.Sprintf(`{"schema":"dynamo.request.trace.v1","event_type":"request_end","event_time_unix_ms":%d%s,`+
		`"request":{"request_id":%q,"request_received_ms":%d,"input_tokens":10,"output_tokens":4%s}}`+"\n",
		1777312800000+to, agent, id, 1777312800000+from, rest)
}

func TestDynamo(t *testing.T) {
	check(t, &Dynamo{},
		dynamoEvent("k1", "kid", "top", 1500, 2500, "")+ // in the order of their ends
			dynamoEvent("a", "top", "", 0, 1000, "")+
			`{"schema":"dynamo.request.trace.v1","event_type":"tool_end","event_time_unix_ms":1777312801500,"tool":{}}`+"\n"+
			dynamoEvent("k2", "kid", "top", 3000, 4000, "")+
			dynamoEvent("g1", "grandkid", "kid", 2600, 2900, "")+
			dynamoEvent("b", "top", "", 1200, 1400, "")+
			dynamoEvent("c", "top", "", 3500, 5000, "")+
			dynamoEvent("d", "top", "", 5500, 6000, "")+
			dynamoEvent("alone", "", "", 100, 200, "")+
			dynamoEvent("lost", "lost", "nobody", 300, 400, ""),
		"top: a[10/4] b<a+200[10/4] k1<b+100[10/4] g1<k1+100[10/4] k2<g1+100[10/4] c<b+2100[10/4] d<k2,c+500[10/4]\n"+
			": alone[10/4]\nlost: lost[10/4]")
	check(t, &Dynamo{}, // parallel requests of one session, and times without the start
		`{"event":{"event_type":"request_end","event_time_unix_ms":1000,"agent_context":{"session_id":"s"},`+
			`"request":{"total_time_ms":400,"input_tokens":7,"output_tokens":null}}}`+"\n"+
			`{"event_type":"request_end","event_time_unix_ms":1100,"agent_context":{"session_id":"s"},`+
			`"request":{"total_time_ms":400,"input_tokens":8,"output_tokens":0}}`+"\n"+
			`{"event_type":"request_end","event_time_unix_ms":2000,"agent_context":{"session_id":"s"},`+
			`"request":{"request_received_ms":1200,"total_time_ms":500,"input_tokens":9,"output_tokens":1}}`,
		"s: 0[7/-1] 1+100[8/0] 2<1+100[9/1]")
	check(t, &Dynamo{},
		dynamoEvent("x", "a", "b", 0, 1, "")+dynamoEvent("y", "b", "a", 2, 3, "")+
			dynamoEvent("x", "c", "", 4, 5, "")+
			dynamoEvent("z", "a", "c", 6, 7, "")+
			`{"event_type":"request_end","request":{"input_tokens":1}}`+"\n"+
			`{"event_type":"request_end","event_time_unix_ms":1,"request":{}}`+"\n"+
			dynamoEvent("h", "s", "", 0, 1, `,"replay":{"trace_block_size":64,"input_length":64,"input_sequence_hashes":[1,2]}`)+
			dynamoEvent("i", "s", "", 0, 1, `,"replay":{"input_length":64,"input_sequence_hashes":[1]}`)+
			dynamoEvent("j", "s", "", 0, 1, `,"replay":{"trace_block_size":64,"input_length":64,"input_sequence_hashes":[-1]}`)+
			dynamoEvent("k", "s", "", 0, 1, `,"replay":{"input_length":-64}`),
		`line 3: request_id "x" is already in line 1
line 4: session "a" has the parents "b" and "c"
line 5: a request with neither request_received_ms nor event_time_unix_ms
line 6: a request with neither replay.input_length nor input_tokens
line 7: 2 hashes of blocks of 64 tokens for a prompt of 64
line 8: replay.trace_block_size is not a positive number
line 9: replay.input_sequence_hashes: -1 is not a hash
line 10: input_length: not a number of tokens: -64
line 1: session "a" is its own ancestor
line 2: session "b" is its own ancestor`)
}

// Hashes are whole 64-bit numbers, and the same in all sessions.
func TestDynamoHashes(t *testing.T) {
	all, errs := read(&Dynamo{}, dynamoEvent("a", "s", "", 0, 1,
		`,"replay":{"trace_block_size":64,"input_length":100,"input_sequence_hashes":[14879255164371896291,274632075616497421]}`))
	if len(all) != 1 || len(errs) > 0 {
		t.Fatal(all, errs)
	}
	c := all[0].Calls[0]
	want := []Block{{"", 14879255164371896291}, {"", 274632075616497421}}
	if c.In != 100 || c.Size != 64 || len(c.Blocks) != 2 || c.Blocks[0] != want[0] || c.Blocks[1] != want[1] {
		t.Errorf("%+v", c)
	}
}

func FuzzDynamo(f *testing.F) {
	fuzz(f, func() Decoder { return &Dynamo{} }, dynamoEvent("a", "s", "p", 0, 1,
		`,"replay":{"trace_block_size":64,"input_length":100,"input_sequence_hashes":[14879255164371896291,1]}`))
}
