package sessions

import "testing"

func TestRounds(t *testing.T) {
	check(t, &Rounds{Row: ProductionStack},
		`{"user_id":"1","question_id":"1","prompt_tokens":"1000","generation_tokens":"100","launch_time":"10.0","finish_time":"11.5"}
{"user_id":"2","question_id":"1","prompt_tokens":"500","generation_tokens":"90","launch_time":"10.5","finish_time":"11.0"}
{"user_id":"1","question_id":"2","prompt_tokens":"1150","generation_tokens":"100","launch_time":"13.0","finish_time":"14.0"}
{"user_id":"1","question_id":"3","prompt_tokens":"900","generation_tokens":"100","launch_time":"13.5","finish_time":"15.0"}
{"user_id":"1","prompt_tokens":1,"generation_tokens":1}`,
		"1: 0[1000/100] 1<0+1500~0[50/100] 2<1[900/100]\n2: 0[500/90]\nline 5: a row without launch_time")
	check(t, &Rounds{Row: Baseten},
		`{"timestamp_start_unix_ms":5000,"prompt":"b","output_tokens":5,"provided_session_id":"s"}
{"timestamp_start_unix_ms":1000,"prompt":"a","output_tokens":4,"provided_session_id":"s","duration_e2e_ms":1500}
{"timestamp_start_unix_ms":2000,"prompt":"c","output_tokens":6,"provided_session_id":null,"poor_man_session_id":7}
{"timestamp_start_unix_ms":2000,"prompt":"d","output_tokens":6}
{"timestamp_start_unix_ms":2000,"prompt":1,"output_tokens":6}`,
		"s: 0[0/4] 1<0+2500[0/5]\n7: 0[0/6]\n: 0[0/6]\nline 5: prompt is not text: 1")
}

func FuzzRounds(f *testing.F) {
	fuzz(f, func() Decoder { return &Rounds{Row: ProductionStack} },
		`{"user_id":"1","prompt_tokens":"1000","generation_tokens":"100","launch_time":"10.0","finish_time":"11.5"}`)
}

func FuzzBaseten(f *testing.F) {
	fuzz(f, func() Decoder { return &Rounds{Row: Baseten} },
		`{"timestamp_start_unix_ms":1000,"prompt":"a","output_tokens":4,"provided_session_id":"s","duration_e2e_ms":1500}`)
}
