package dataset

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"perfpipe/internal/fastjson"
	"perfpipe/internal/tabular"
	"perfpipe/internal/visible"
)

// isBody reports whether an object is the body of a request to a known API.
func isBody(v gjson.Result) bool {
	var buf [24]fastjson.Member
	all, err := fastjson.AppendMembers(buf[:0], []byte(v.Raw))
	return err == nil && isBodyOf(all)
}

// wasSent reports whether an object in the place of a body, in a captured request or an envelope, is one.
func wasSent(v gjson.Result) bool {
	var buf [24]fastjson.Member
	all, err := fastjson.AppendMembers(buf[:0], []byte(v.Raw))
	return err == nil && hasShape(all)
}

// isBodyOf reports whether members are those of a body rather than of a row of data: all keys are known to some API,
// or one of them is a generation parameter.
func isBodyOf(all fastjson.Members) bool {
	if !hasShape(all) {
		return false
	}
	strange := false
	for i := range all {
		switch name := string(all[i].Name); {
		case isGenerationKey(name):
			return true
		case !isBodyKey(name):
			strange = true
		}
	}
	return !strange
}

// hasShape reports whether members have the keys of a known API's body, with values of the right types, and no key
// that occurs in data only.
func hasShape(all fastjson.Members) bool {
	shaped := false
	for i := range all {
		name, value := all[i].Name, all[i].Value
		text, list := value[0] == '"', value[0] == '['
		switch string(name) {
		case "messages":
			shaped = shaped || list && areMessages(value)
		case "prompt", "inputs", "input_ids", "contents":
			shaped = shaped || text || list
		case "input":
			shaped = shaped || text || list || value[0] == '{' && hasAny(gjson.ParseBytes(value), "messages", "prompt",
				"documents", "texts")
		case "text", "text_input":
			shaped = shaped || (text || list) && hasMember(all, "sampling_params", "parameters", "stream", "max_tokens")
		case "query":
			shaped = shaped || hasMember(all, "documents", "texts")
		case "text_1":
			shaped = shaped || hasMember(all, "text_2")
		default:
			if isRowKey(string(name)) {
				return false
			}
		}
	}
	return shaped
}

func hasMember(all fastjson.Members, names ...string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return all.Get(n) != nil })
}

// areMessages reports whether a list contains messages with roles, by its first element only, since messages are long.
func areMessages(list []byte) bool {
	rest, begun := list, true
	for _, token := range []string{"[", "{", `"role"`, ":", `"`} { // the usual beginning
		if begun {
			rest, begun = bytes.CutPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte(token))
		}
	}
	if begun {
		return true
	}
	first := gjson.GetBytes(list, "0")
	return !first.Exists() || first.Get("role").Type == gjson.String
}

// endsInAnswer reports whether the last of a list of messages is one of the assistant, and not the beginning of an
// answer, as DeepSeek and others mark it.
func endsInAnswer(messages []byte) bool {
	last := messages[max(0, bytes.LastIndex(messages, []byte(`"role"`))):] // within a string it would be escaped
	rest, found := bytes.CutPrefix(last, []byte(`"role"`))
	if !found {
		return false
	}
	rest, _ = bytes.CutPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte(":"))
	return bytes.HasPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte(`"assistant"`)) &&
		!bytes.Contains(rest, []byte(`"prefix"`)) && !bytes.Contains(rest, []byte(`"partial"`))
}

func hasAny(v gjson.Result, keys ...string) bool {
	return slices.ContainsFunc(keys, func(k string) bool { return v.Get(k).Exists() })
}

// isMessages reports whether v is a list of messages with roles.
func isMessages(v gjson.Result) bool {
	ok := v.IsArray()
	v.ForEach(func(_, m gjson.Result) bool {
		ok = m.Get("role").Type == gjson.String
		return ok
	})
	return ok
}

// isEnvelope reports whether an object is a request line that has more than a body.
func isEnvelope(v gjson.Result) bool {
	if turns := v.Get("turns"); turns.IsArray() {
		return turns.Get("0.body").IsObject()
	}
	return v.Get("body").IsObject()
}

// isRowKey reports whether a key occurs in datasets and logs, and in no API's body.
func isRowKey(key string) bool {
	switch key {
	case "answer", "answers", "category", "chosen", "rejected", "completion", "completions", "conversation",
		"conversations", "conversation_id", "created_at", "dataset", "delay", "difficulty", "domain", "expected",
		"explanation", "ground_truth", "hash_ids", "id", "idx", "index", "input_length", "instruction", "label", "labels",
		"level", "output", "output_length", "output_tokens", "outputs", "prompt_id", "qid", "question", "question_id",
		"reference", "references", "rejected_response", "response", "responses", "score", "session_id", "solution", "source",
		"split", "status", "subset", "target", "task", "text_output", "timestamp", "uid", "uuid":
		return true
	}
	return false
}

// isGenerationKey reports whether a key is a generation parameter, which data does not have.
func isGenerationKey(key string) bool {
	switch key {
	case "do_sample", "early_stopping", "generationConfig", "generation_config", "ignore_eos", "max_completion_tokens",
		"max_new_tokens", "max_output_tokens", "max_tokens", "n_predict", "num_ctx", "num_predict", "options", "parameters",
		"sampling_params", "stream", "temperature", "top_p":
		return true
	}
	return false
}

// isBodyKey reports whether a known API or engine accepts the key in its bodies.
func isBodyKey(key string) bool {
	switch key {
	case "add_generation_prompt", "add_special_tokens", "allowed_token_ids", "anthropic_beta", "anthropic_version",
		"audio", "background", "bad_words", "best_of", "bootstrap_host", "bootstrap_port", "bootstrap_room",
		"cache_prompt", "cache_salt", "cachedContent", "chat_template", "chat_template_kwargs", "container",
		"contents", "context_management", "continue_final_message", "debug", "dimensions", "documents", "ebnf",
		"echo", "enable_search", "enable_thinking", "encoding_format", "extra_body", "format", "frequency_penalty",
		"function_call", "functions", "grammar", "guardrails", "guided_choice", "guided_decoding_backend",
		"guided_grammar", "guided_json", "guided_regex", "id_slot", "image_data", "images", "include",
		"include_reasoning", "include_stop_str_in_output", "incremental_output", "input", "input_ids",
		"input_type", "inputs", "instructions", "json_schema", "keep_alive", "kv_transfer_params",
		"length_penalty", "logit_bias", "logit_bias_exp", "logprob_start_len", "logprobs", "lora_path",
		"max_chunks_per_doc", "max_tool_calls", "mcp_servers", "messages", "metadata", "min_p", "min_tokens",
		"mirostat", "mm_processor_kwargs", "modalities", "model", "models", "n", "no_stop_trim", "normalize",
		"output_config", "parallel_tool_calls", "passages", "plugins", "prediction", "presence_penalty",
		"previous_response_id", "priority", "prompt", "prompt_cache_key", "prompt_cache_retention",
		"prompt_logprobs", "prompt_token_ids", "prompts", "provider", "query", "rank_fields", "raw", "raw_scores",
		"reasoning", "reasoning_effort", "reasoning_split", "regex", "rep_pen", "repeat_penalty",
		"repetition_penalty", "request_id", "response_format", "result_format", "return_documents",
		"return_logprob", "return_text", "return_token_ids", "rid", "route", "safetySettings", "safety_identifier",
		"safety_settings", "samplers", "seed", "separate_reasoning", "service_tier", "session_params",
		"skip_special_tokens", "spaces_between_special_tokens", "stop", "stop_sequences", "stop_token_ids",
		"store", "stream_options", "stream_reasoning", "structured_outputs", "suffix", "system",
		"systemInstruction", "system_instruction", "template", "text", "text_1", "text_2", "text_input", "texts",
		"tfs_z", "think", "thinking", "thinking_budget", "toolConfig", "tool_choice", "tool_config", "tools",
		"top_k", "top_logprobs", "top_logprobs_num", "top_n", "transforms", "truncate", "truncate_prompt_tokens",
		"truncation", "typical_p", "usage", "use_beam_search", "user", "verbosity", "vllm_xargs",
		"web_search_options":
		return true
	}
	return false
}

// keysOf returns the first keys of an object, in order.
func keysOf(v gjson.Result) (keys []string) {
	v.ForEach(func(key, _ gjson.Result) bool {
		if len(keys) < maxKeys {
			keys = append(keys, key.Str)
		}
		return true
	})
	return keys
}

// textKeys are the usual names of prompt columns, the likeliest first.
var textKeys = []string{
	"prompt", "question", "instruction", "text_input", "input_text", "query", "text", "problem", "user", "input",
	"content", "sentence", "problem_statement", "user_prompt", "user_input", "message", "document", "article",
}

// textKey returns the likely prompt column of a row, or "".
func textKey(v gjson.Result) string {
	found, best := "", len(textKeys)
	v.ForEach(func(key, x gjson.Result) bool {
		if k := slices.Index(textKeys, strings.ToLower(key.Str)); k >= 0 && k < best && x.Type == gjson.String {
			found, best = key.Str, k
		}
		return true
	})
	return found
}

// text returns the likely prompt column of the sample, or "".
func (s *sample) text() string {
	if len(s.objects) > 0 {
		return textKey(s.objects[0])
	}
	for _, key := range textKeys {
		if k := slices.IndexFunc(s.header, func(h string) bool { return strings.EqualFold(h, key) }); k >= 0 {
			return s.header[k]
		}
	}
	return ""
}

// rowsError is the error of a file whose rows are not requests.
type rowsError struct {
	columns []string
	text    string // likely prompt column; "" is none
	within  string // jq filter of readable content within a row; "" is none
	array   bool   // the rows are elements of an array
}

func unknownRows(columns []string, text string) *rowsError {
	return &rowsError{columns: columns, text: text}
}

// unknownRow returns the error of a row that is not a request.
func unknownRow(v gjson.Result) *rowsError {
	e := &rowsError{columns: keysOf(v), text: textKey(v), within: within(v)}
	if e.text != "" && v.Get("context").Str != "" { // without which a question is none, as in LongBench
		e.within = `.context + "\n\n" + ` + jqKey(e.text)
	}
	return e
}

// unknown returns the error of a sample whose rows are not requests.
func (s *sample) unknown() *rowsError {
	if len(s.objects) == 0 {
		return unknownRows(s.header, s.text())
	}
	e := unknownRow(s.objects[0])
	e.array = len(s.head) > 0 && s.head[0] == '['
	return e
}

// isLength reports whether a column seems to hold lengths, such as prompt_tokens.
func isLength(column string) bool {
	column = strings.ToLower(column)
	return strings.Contains(column, "token") || strings.Contains(column, "length")
}

func (e *rowsError) Error() string {
	return "rows that are not requests: they have the columns " + strings.Join(e.columns, ", ")
}

// Hint returns a reason for which perf-gen has the command that reads the rows, and what that names: the likely prompt
// column and the file, or the command that extracts their readable content.
func (e *rowsError) Hint(file string) (reason, detail string) {
	name := visible.Shell(file)
	if e.text == "" && e.within == "" && slices.ContainsFunc(e.columns, isLength) {
		return "lengths", ""
	}
	if e.within == "" || strings.HasSuffix(file, ".parquet") || tabular.Tabular(file) {
		return "rows", visible.Shell(cmp.Or(e.text, "NAME")) + " " + name
	}
	filter := e.within
	if e.array {
		filter = ".[] | " + filter
	}
	for ending, cat := range map[string]string{".gz": "gzip -dc ", ".zst": "zstd -dc "} {
		if strings.HasSuffix(file, ending) {
			return "rows-within", cat + name + " | jq -c " + visible.Shell(filter)
		}
	}
	return "rows-within", "jq -c " + visible.Shell(filter) + " " + name
}
