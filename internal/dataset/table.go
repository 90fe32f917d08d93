package dataset

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// kind is one dataset: exactly one of invent and read is set.
type kind struct {
	Info
	api    string                                // dialect, where --api says none; "" is as the input asks
	ops    []string                              // operations that its requests are for; none: any that takes them
	text   bool                                  // sent as it is, not as a message
	whole  bool                                  // of any length: --min-prompt-length and --max-prompt-length say nothing
	args   []string                              // keys of --extra-args and --dataset-args that are its own
	invent func(o *Options) (func() draw, error) // gives each worker a draw of its own
	read   func(ctx context.Context, o *Options) (items, error)
}

// Info is what is known of a dataset.
type Info struct {
	Name    string
	Source  string // where the data comes from, unless files are named
	Fields  string // what is read of it
	Licence string // as its authors state it; "" where that is not known
}

// Keys of --dataset-args, keys of rows and operations that several datasets share.
var (
	lengthArgs   = []string{"target_input_len", "input_len_mode", "prefix_file", "prefix_role"}
	messageKeys  = []string{"messages", "conversations", "conversation", "turns"}
	shareGPTKeys = []string{"conversation", "conversations", "messages"}
	embedOps     = []string{"embedding"}
	rankOps      = []string{"rerank", "score"}
)

// kinds is the table of all datasets.
func kinds() []kind {
	return []kind{
		{Info: Info{"random", "made up", "", ""}, invent: random},
		{Info: Info{"random_vl", "made up", "", ""}, invent: randomVL},
		{Info: Info{"random_embedding", "made up", "", ""}, api: "openai_embedding", ops: embedOps, invent: random},
		{Info: Info{"random_embedding_batch", "made up", "", ""}, api: "openai_embedding", ops: embedOps,
			args: []string{"batch_size"}, invent: randomBatch},
		{Info: Info{"random_rerank", "made up", "", ""}, api: "openai_rerank", ops: rankOps,
			args: []string{"num_documents", "document_length_ratio"}, invent: randomRerank},
		{Info: Info{"random_multi_turn", "made up", "", ""}, invent: randomTurns},
		{Info: Info{"sonnet", "a file", "lines", ""}, invent: sonnet},
		{Info: Info{"speed_benchmark", "made up", "", ""}, whole: true, text: true,
			read: speedBenchmark(1, 6144, 14336, 30720)},
		{Info: Info{"speed_benchmark_long", "made up", "", ""}, whole: true, text: true, read: speedBenchmark(63488, 129024)},

		{Info: Info{"line_by_line", "a file", "lines: text, messages or bodies", ""}, args: lengthArgs, read: lineByLine},
		{Info: Info{"custom", "a file", "lines: text", ""}, args: lengthArgs, read: customLines},
		{Info: Info{"text", "a file or repository", "--text-column", ""}, args: lengthArgs, read: textColumn},
		{Info: Info{"openqa", "AI-ModelScope/HC3-Chinese", "question", "CC BY-SA 4.0"}, args: lengthArgs,
			read: column(where{"AI-ModelScope/HC3-Chinese", "Hello-SimpleAI/HC3-Chinese", []string{"open_qa.jsonl"}, nil},
				"question")},
		{Info: Info{"longalpaca", "AI-ModelScope/LongAlpaca-12k", "instruction", "CC BY-NC 4.0"}, args: lengthArgs,
			read: column(where{"AI-ModelScope/LongAlpaca-12k", "Yukang/LongAlpaca-12k", []string{"LongAlpaca-12k.json"}, nil},
				"instruction")},
		{Info: Info{"share_gpt_zh", "swift/sharegpt", "conversation", ""},
			read: conversations(shareGPT("zh"), false, shareGPTKeys...)},
		{Info: Info{"share_gpt_en", "swift/sharegpt", "conversation", ""},
			read: conversations(shareGPT("en"), false, shareGPTKeys...)},

		{Info: Info{"flickr8k", flickrWhere.modelscope, "jpg, txt", ""}, whole: true,
			read: pictured(flickrWhere, []string{"jpg", "txt"}, flickr)},
		{Info: Info{"kontext_bench", kontextWhere.modelscope, "file_name or image, instruction", ""}, whole: true,
			read: pictured(kontextWhere, nil, kontext)},
		{Info: Info{"mmmu_multi_image", mmmuWhere.modelscope, "question, image_1 … image_7", "Apache 2.0"}, whole: true,
			read: pictured(mmmuWhere, mmmuColumns(), mmmu)},

		{Info: Info{"embedding", "a file", "text, input, sentence or content", ""}, api: "openai_embedding", ops: embedOps,
			read: embeddings(false)},
		{Info: Info{"embedding_batch", "a file", "text, input, sentence or content", ""}, api: "openai_embedding",
			ops: embedOps, args: []string{"batch_size"}, read: embeddings(true)},
		{Info: Info{"rerank", "a file", "query; documents, passages or texts", ""}, whole: true, api: "openai_rerank",
			ops: rankOps, read: rerank},

		{Info: Info{"share_gpt_zh_multi_turn", "swift/sharegpt", "conversation", ""},
			read: conversations(shareGPT("zh"), true, shareGPTKeys...)},
		{Info: Info{"share_gpt_en_multi_turn", "swift/sharegpt", "conversation", ""},
			read: conversations(shareGPT("en"), true, shareGPTKeys...)},
		{Info: Info{"custom_multi_turn", "a file", "messages", ""}, read: conversations(where{}, true, messageKeys...)},
		{Info: Info{"swe_smith", sweWhere.modelscope, "messages", "MIT"}, whole: true,
			args: []string{"first_turn_length", "subsequent_turn_length"}, read: sweSmith},
		{Info: Info{"trace", "captured logs and traces", strings.Join(Formats(), ", "), ""}, whole: true,
			args: []string{"speed", "model_mapping", "model_override", "match_output_length"}, read: traces},
		{Info: Info{"trie_agentic_coding", "evalscope/trie-workloads", "lengths and pauses", ""}, whole: true,
			read: trie("agentic_coding")},
		{Info: Info{"trie_code_qa", "evalscope/trie-workloads", "lengths and pauses", ""}, whole: true,
			read: trie("code_qa")},
		{Info: Info{"trie_office_work", "evalscope/trie-workloads", "lengths and pauses", ""}, whole: true,
			read: trie("office_work")},
	}
}

// errNoFile is a dataset without its file.
var errNoFile = errors.New("reads a file, and --dataset-path names none")

// named says of which dataset an error is, where it does not.
func (k *kind) named(err error) error {
	if err == errNoFile {
		return fmt.Errorf("--dataset %s %w", k.Name, err)
	}
	return err
}

// List tells of all datasets.
func List() []Info {
	var all []Info
	for _, k := range kinds() {
		all = append(all, k.Info)
	}
	return all
}

// Names gives the datasets that there are.
func Names() []string {
	var names []string
	for _, k := range kinds() {
		names = append(names, k.Name)
	}
	return names
}

// find gives the dataset of that name.
func find(name string) (kind, error) {
	if name == "embed" { // evalscope's other name
		name = "embedding"
	}
	for _, k := range kinds() {
		if k.Name == name {
			return k, nil
		}
	}
	return kind{}, fmt.Errorf("--dataset %s: there is no such dataset (there are %s)", name, strings.Join(Names(), ", "))
}

// Owns says whether a key of --extra-args shapes the data of a dataset, and is not sent.
func Owns(name, key string) bool {
	k, err := find(name)
	return err == nil && slices.Contains(k.args, key)
}

// Invented says whether a dataset is made up, so that it has no end of its own.
func Invented(name string) bool {
	k, err := find(name)
	return err == nil && k.invent != nil
}
