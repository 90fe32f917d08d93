package dataset

import "slices"

// promptOnly is the name of a single prompt in the place of a dataset.
const promptOnly = "prompt"

// Unused returns those of the settings that a dataset, or prompt for a single one, does not use. Settings have the
// names of their flags. Nothing is known of a dataset that does not exist.
func Unused(name string, settings []string) []string {
	if k, err := find(name); err == nil {
		name = k.Name // of an alias
	} else if name != promptOnly {
		return nil
	}
	all := selective()
	return slices.DeleteFunc(slices.Clone(settings), func(s string) bool {
		users, some := all[s]
		return !some || slices.Contains(users, name)
	})
}

// selective returns the settings that not all datasets use, and the datasets that use them. Settings that others refuse
// with an error are not among them.
func selective() map[string][]string {
	var (
		drawn    = []string{"random", "random_vl", "random_embedding", "random_multi_turn"}
		lengths  = append([]string{"random_embedding_batch", "random_rerank"}, drawn...)
		captures = []string{"line_by_line", "trace"}
		filled   = append([]string{"agent", "trie_agentic_coding", "trie_code_qa", "trie_office_work"}, captures...)
		spoken   = []string{"random_multi_turn", "share_gpt_zh_multi_turn", "share_gpt_en_multi_turn", "custom_multi_turn",
			"swe_smith"}
		turns = append(slices.Clone(spoken), filled...)
		named = []string{"text", "embedding", "embedding_batch"}
		texts = []string{promptOnly, "random", "random_embedding", "random_multi_turn", "sonnet", "speed_benchmark",
			"speed_benchmark_long", "custom", "text", "openqa", "longalpaca", "line_by_line", "trace", "agent",
			"trie_agentic_coding", "trie_code_qa", "trie_office_work"}
		counted = []string{"random", "random_embedding", "random_embedding_batch", "line_by_line", "trace", "agent",
			promptOnly, "custom", "text", "openqa", "longalpaca"}
		pixels = []string{"random_vl"}
		rows   = dataNames()
	)
	return map[string][]string{
		"distribution": lengths, "lengths": lengths, "prefix-length": append([]string{"sonnet"}, drawn...),
		"prefix-count": drawn, "charset": append(slices.Clone(lengths), filled...),
		"min-turns": turns, "max-turns": turns, "turn-delay": append([]string{"line_by_line"}, spoken...),
		"text-column": named, "format": {"trace"}, "block-size": captures, "keep-headers": captures,
		"keep-secrets": captures, "sort": append([]string{"agent"}, rows...),
		"apply-chat-template": texts, "prompt-tokens": counted,
		"image-width": pixels, "image-height": pixels, "image-num": pixels, "image-format": pixels,
		"image-encoding": pixels, "image-noise": pixels,
		// a single prompt takes the place of the dataset, and has its own length
		"dataset": Names(), "min-prompt-length": Names(), "max-prompt-length": Names(), "dataset-args": Names(),
	}
}

// dataNames returns the names of the datasets that read data.
func dataNames() (names []string) {
	for _, k := range kinds() {
		if k.read != nil && !k.endless {
			names = append(names, k.Name)
		}
	}
	return names
}
