package dataset

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"perfpipe/internal/dataset/sessions"
	"perfpipe/internal/fault"
)

// kind is one dataset. Exactly one of synthetic and read is set.
type kind struct {
	Info
	api       string                                // dialect if --api is not set; "" is determined by the input
	ops       []string                              // operations of its requests; nil: any that accepts them
	text      bool                                  // sent as a prompt, not as a message
	whole     bool                                  // length limits do not apply
	endless   bool                                  // read has no end of its own
	args      []string                              // keys of Options.Args that it interprets
	uses      string                                // settings with an effect on it, of those that have none on others
	synthetic func(o *Options) (func() draw, error) // returns a draw for each worker
	read      func(ctx context.Context, o *Options) (items, error)
}

// Info describes a dataset.
type Info struct {
	Name    string
	Source  string // origin of the data, unless files are named
	Fields  string // fields that are read
	Licence string // as its authors state it; "" if unknown
}

// Keys of Options.Args, keys of rows and operations that several datasets share.
var (
	lengthArgs   = []string{"target_input_len", "input_len_mode", "prefix_file", "prefix_role"}
	messageKeys  = []string{"messages", "conversations", "conversation", "turns"}
	shareGPTKeys = []string{"conversation", "conversations", "messages"}
	embedOps     = []string{"embedding"}
	rankOps      = []string{"rerank", "score"}
)

// Settings that not all datasets use, by the names of their flags.
const (
	fitted   = " count-template"
	drawn    = " distribution lengths charset" + fitted
	filled   = " charset"
	prefixed = " prefix-length prefix-count"
	asText   = " apply-chat-template"
	counted  = " prompt-tokens"
	turned   = " min-turns max-turns"
	paced    = " turn-delay"
	captured = " block-size keep-headers keep-secrets"
	pixels   = " image-width image-height image-num image-format image-encoding image-noise"
	named    = " text-column"
)

// kinds is the table of all datasets.
func kinds() []kind {
	return []kind{
		{Info: Info{"random", "generated", "", ""}, uses: drawn + prefixed + asText + counted, synthetic: random},
		{Info: Info{"random_vl", "generated", "", ""}, uses: drawn + prefixed + pixels, synthetic: randomVL},
		{Info: Info{"random_embedding", "generated", "", ""},
			uses: drawn + prefixed + asText + counted, api: "openai_embedding", ops: embedOps, synthetic: random},
		{Info: Info{"random_embedding_batch", "generated", "", ""},
			uses: drawn + counted, api: "openai_embedding", ops: embedOps,
			args: []string{"batch_size"}, synthetic: randomBatch},
		{Info: Info{"random_rerank", "generated", "", ""}, uses: drawn, api: "openai_rerank", ops: rankOps,
			args: []string{"num_documents", "document_length_ratio"}, synthetic: randomRerank},
		{Info: Info{"random_multi_turn", "generated", "", ""},
			uses: drawn + prefixed + asText + turned + paced, synthetic: randomTurns},
		{Info: Info{"agent", "generated", "", ""},
			uses: filled + asText + counted + turned, whole: true, endless: true, args: sessions.ShapeKeys(), read: agent},
		{Info: Info{"sonnet", "a file", "lines", ""}, uses: fitted + asText + " prefix-length", synthetic: sonnet},
		{Info: Info{"speed_benchmark", "generated", "", ""}, uses: asText, whole: true, text: true,
			read: speedBenchmark(1, 6144, 14336, 30720)},
		{Info: Info{"speed_benchmark_long", "generated", "", ""}, uses: asText, whole: true, text: true,
			read: speedBenchmark(63488, 129024)},

		{Info: Info{"line_by_line", "a file", "lines: text, messages or bodies", ""},
			uses: fitted + filled + asText + counted + turned + paced + captured, args: lengthArgs, read: lineByLine},
		{Info: Info{"custom", "a file", "lines: text", ""},
			uses: fitted + asText + counted, args: lengthArgs, read: customLines},
		{Info: Info{"text", "a file or repository", "text, or the named column", ""},
			uses: fitted + asText + counted + named, args: lengthArgs, read: textColumn},
		{Info: Info{"openqa", "AI-ModelScope/HC3-Chinese", "question", "CC BY-SA 4.0"},
			uses: fitted + asText + counted, args: lengthArgs,
			read: column(where{"AI-ModelScope/HC3-Chinese", "Hello-SimpleAI/HC3-Chinese", []string{"open_qa.jsonl"}, nil},
				"question")},
		{Info: Info{"longalpaca", "AI-ModelScope/LongAlpaca-12k", "instruction", "CC BY-NC 4.0"},
			uses: fitted + asText + counted, args: lengthArgs,
			read: column(where{"AI-ModelScope/LongAlpaca-12k", "Yukang/LongAlpaca-12k", []string{"LongAlpaca-12k.json"}, nil},
				"instruction")},
		{Info: Info{"share_gpt_zh", "swift/sharegpt", "conversation", ""}, uses: fitted,
			read: conversations(shareGPT("zh"), false, shareGPTKeys...)},
		{Info: Info{"share_gpt_en", "swift/sharegpt", "conversation", ""}, uses: fitted,
			read: conversations(shareGPT("en"), false, shareGPTKeys...)},

		{Info: Info{"flickr8k", flickrWhere.modelscope, "jpg, txt", ""}, whole: true,
			read: pictured(flickrWhere, []string{"jpg", "txt"}, flickr)},
		{Info: Info{"kontext_bench", kontextWhere.modelscope, "file_name or image, instruction", ""}, whole: true,
			read: pictured(kontextWhere, nil, kontext)},
		{Info: Info{"mmmu_multi_image", mmmuWhere.modelscope, "question, image_1 … image_7", "Apache 2.0"}, whole: true,
			read: pictured(mmmuWhere, mmmuColumns(), mmmu)},

		{Info: Info{"embedding", "a file", "text, input, sentence or content", ""},
			uses: fitted + named, api: "openai_embedding", ops: embedOps,
			read: embeddings(false)},
		{Info: Info{"embedding_batch", "a file", "text, input, sentence or content", ""},
			uses: fitted + named, api: "openai_embedding",
			ops: embedOps, args: []string{"batch_size"}, read: embeddings(true)},
		{Info: Info{"rerank", "a file", "query; documents, passages or texts", ""}, whole: true, api: "openai_rerank",
			ops: rankOps, read: rerank},

		{Info: Info{"share_gpt_zh_multi_turn", "swift/sharegpt", "conversation", ""}, uses: fitted + turned + paced,
			read: conversations(shareGPT("zh"), true, shareGPTKeys...)},
		{Info: Info{"share_gpt_en_multi_turn", "swift/sharegpt", "conversation", ""}, uses: fitted + turned + paced,
			read: conversations(shareGPT("en"), true, shareGPTKeys...)},
		{Info: Info{"custom_multi_turn", "a file", "messages", ""},
			uses: fitted + turned + paced, read: conversations(where{}, true, messageKeys...)},
		{Info: Info{"swe_smith", sweWhere.modelscope, "messages", "MIT"}, uses: turned + paced, whole: true,
			args: []string{"first_turn_length", "subsequent_turn_length"}, read: sweSmith},
		{Info: Info{"trace", "captured logs and traces", strings.Join(Formats(), ", "), ""},
			uses: filled + asText + counted + turned + captured + " format", whole: true,
			read: traces,
			args: []string{"speed", "history", "session_input", "max_context", "max_sessions", "model_mapping", "model_override",
				"match_output_length"}},
		{Info: Info{"trie_agentic_coding", "evalscope/trie-workloads", "lengths and pauses", ""},
			uses: filled + asText + turned, whole: true,
			read: trie("agentic_coding")},
		{Info: Info{"trie_code_qa", "evalscope/trie-workloads", "lengths and pauses", ""},
			uses: filled + asText + turned, whole: true,
			read: trie("code_qa")},
		{Info: Info{"trie_office_work", "evalscope/trie-workloads", "lengths and pauses", ""},
			uses: filled + asText + turned, whole: true,
			read: trie("office_work")},
	}
}

// errNoFile is the error of a dataset that needs a file.
var errNoFile = errors.New("reads a file, and none is named")

// named adds the dataset's name to an error that lacks it.
func (k *kind) named(err error) error {
	if err == errNoFile {
		return fault.Invalid("dataset "+k.Name, "no-file", "%w", err)
	}
	return err
}

// WriteTable writes a table of the datasets, for people.
func WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tSOURCE\tFIELDS\tLICENCE")
	for _, k := range kinds() {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", k.Name, k.Source, cmp.Or(k.Fields, "-"), cmp.Or(k.Licence, "-"))
	}
	return t.Flush()
}

// Names returns the names of the datasets.
func Names() []string {
	var names []string
	for _, k := range kinds() {
		names = append(names, k.Name)
	}
	return names
}

// find returns the dataset with this name.
func find(name string) (kind, error) {
	if name == "embed" { // an alias in evalscope
		name = "embedding"
	}
	for _, k := range kinds() {
		if k.Name == name {
			return k, nil
		}
	}
	return kind{}, fault.Invalid("dataset "+name, "", "there is no such dataset (there are %s)",
		strings.Join(Names(), ", "))
}

// Owns reports whether a dataset interprets a key of --extra-args itself, rather than sending it.
func Owns(name, key string) bool {
	k, err := find(name)
	return err == nil && slices.Contains(k.args, key)
}

// Synthetic reports whether a dataset is generated, and so has no end of its own.
func Synthetic(name string) bool {
	k, err := find(name)
	return err == nil && (k.synthetic != nil || k.endless)
}

// Detect returns the dataset that reads files of these names: trace for a captured log or trace, else line_by_line, or
// random if there are no files.
func Detect(paths []string) string {
	switch {
	case slices.ContainsFunc(paths, isLog):
		return "trace"
	case len(paths) > 0:
		return "line_by_line"
	}
	return "random"
}

// isLog reports whether the name of a file implies that it is a captured log or trace.
func isLog(path string) bool {
	for _, zip := range []string{".gz", ".zst"} {
		path = strings.TrimSuffix(path, zip)
	}
	ext := filepath.Ext(path)
	return ext == ".har" || ext == ".csv" || ext == ".tsv"
}
