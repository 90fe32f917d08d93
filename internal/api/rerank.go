package api

// rerank is Jina's, with Cohere's, vLLM's, SGLang's, TEI's and DashScope's compatible mode's replies: the bodies are the
// same.
var rerank = Dialect{
	Name: "openai_rerank", Op: "rerank", Base: "/v1", Path: "/rerank", Need: "query",
	also: []string{"/reranks"},
	input: func(in Input) (object, error) {
		if in.kind() != documentsIn {
			return nil, errKind
		}
		return object{{Key: "query", Value: raw(in.Query)}, {Key: "documents", Value: raw(in.Documents)}}, nil
	},
	place: places(nil),
	read:  readRerank,
	probe: probeItems("query", "documents", "texts"),
}

// scored are the keys of a body of score, as vLLM has them: a text or texts to hold against each other, one against all
// or pair by pair.
var scored = [][2]string{{"text_1", "text_2"}, {"data_1", "data_2"}, {"queries", "documents"}, {"queries", "items"}}

// score is vLLM's: how well each text_2 answers text_1.
var score = Dialect{
	Name: "score", Op: "score", Path: "/score", Need: "text_1", or: []string{"data_1", "queries"},
	input: func(in Input) (object, error) {
		if in.kind() != documentsIn {
			return nil, errKind
		}
		return object{{Key: "text_1", Value: raw(in.Query)}, {Key: "text_2", Value: raw(in.Documents)}}, nil
	},
	place: places(nil),
	read:  readRerank,
	probe: probeItems("text_1", "text_2", "data_1", "data_2", "queries", "documents", "items"),
}

// readRerank counts the results: Jina's, data of Voyage and of score, rankings of NIM, output.results of DashScope. SGLang
// and TEI answer with the list alone.
func readRerank(v value) Event {
	if v.isList() {
		e := Event{Items: v.size()}
		if err := v.at("0.error"); !harmless(err) {
			e.Items, e.Err = 0, ErrorMessage(v.raw())
		}
		return e
	}
	e := Event{Model: v.at("model").string()}
	for _, path := range [...]string{"usage", "meta.tokens", "meta.billed_units"} { // those of meta are Cohere's
		if e.Usage = v.at(path).itemUsage(); e.Usage != nil {
			break
		}
	}
	for _, path := range [...]string{"results", "data", "rankings", "scores", "output.results"} {
		e.Items += v.at(path).size()
	}
	if e.Items == 0 {
		e.Err = ErrorMessage(v.raw())
	}
	return e
}
