package api

import (
	"cmp"
	"fmt"
)

// rerank is Jina's. Cohere, vLLM, SGLang, TEI and DashScope's compatible mode accept the same bodies, and readRerank
// reads their replies.
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
	read:  readRerank, times: itemTimes,
	probe: probeItems("query", "documents", "texts"),
	items: ranked,
}

// ranked are the paths of the documents in bodies that ask for a ranking.
var ranked = itemPaths{
	paths: []string{"documents", "texts", "passages", "input.documents"},
	best:  []string{"top_n", "top_k", "topK", "parameters.top_n"},
}

// scored are the paths of the texts in bodies of score, as vLLM has them: one text is compared with all of a list, or
// two lists are compared pair by pair.
var scored = itemPaths{paths: []string{"text_1", "text_2", "data_1", "data_2", "queries", "documents", "items"}}

// score is vLLM's API that scores how well each text_2 answers text_1.
var score = Dialect{
	Name: "score", Op: "score", Path: "/score", Need: "text_1", or: []string{"data_1", "queries"},
	input: func(in Input) (object, error) {
		if in.kind() != documentsIn {
			return nil, errKind
		}
		return object{{Key: "text_1", Value: raw(in.Query)}, {Key: "text_2", Value: raw(in.Documents)}}, nil
	},
	place: places(nil),
	read:  readRerank, times: itemTimes,
	probe: probeItems(scored.paths...),
	items: scored,
}

// readRerank counts the results: those of Jina, data of Voyage and of score, rankings of NIM, output.results of
// DashScope. SGLang and TEI return a list without a key.
func readRerank(v value) Event {
	if v.isList() {
		var e Event
		e.ranks("", v)
		return e
	}
	e := Event{Model: v.at("model").string()}
	for _, path := range [...]string{"usage", "meta.tokens", "meta.billed_units"} { // meta is of Cohere
		if e.Usage = v.at(path).itemUsage(); e.Usage != nil {
			break
		}
	}
	for _, path := range [...]string{"results", "data", "rankings", "scores", "output.results"} {
		e.ranks(path, v.at(path))
	}
	if e.Items == 0 && e.Err == "" {
		e.Err = ErrorMessage(v.raw())
	}
	return e
}

// ranks counts the results. A score under an unknown name is not missed, but one that is null is an error.
func (e *Event) ranks(name string, v value) {
	var all numbering
	v.list(func(i int, v value) {
		all.add(v.at("index"))
		why := ""
		switch score := v; {
		case !v.there():
			why = "is null"
		case !v.isObject():
		case !harmless(v.at("error")):
			why = "is an error: " + ErrorMessage(v.raw())
		default:
			for _, key := range [...]string{"relevance_score", "score", "logit"} {
				if score = v.at(key); score.r.Exists() && !score.there() {
					why = "has no score"
				}
			}
		}
		switch {
		case why == "":
			e.Items++
		case e.Err == "":
			e.Err = fmt.Sprintf("%s[%d] %s", name, i, why)
		}
	})
	e.Err = cmp.Or(e.Err, all.check(name))
}
