package tokenizer

import (
	"os"
	"strings"

	"github.com/pkoukk/tiktoken-go"
)

// newerModels are the models that the Python package tiktoken knows and tiktoken-go does not.
var newerModels = map[string]string{
	"o1": "o200k_base", "o3": "o200k_base", "o4-mini": "o200k_base", "gpt-5": "o200k_base",
	"chatgpt-4o-latest": "o200k_base",

	"gpt-3.5": "cl100k_base", "gpt-35-turbo": "cl100k_base", "davinci-002": "cl100k_base",
	"babbage-002": "cl100k_base",
	"gpt2":        "r50k_base", "gpt-2": "r50k_base", // the same ranks and pattern
}

// newerPrefixes are prefixes of models. One that begins with another comes first.
var newerPrefixes = []struct{ prefix, encoding string }{
	{"o1-", "o200k_base"}, {"o3-", "o200k_base"}, {"o4-", "o200k_base"}, {"gpt-5", "o200k_base"},
	{"chatgpt-4o-", "o200k_base"}, {"gpt-35-turbo-", "cl100k_base"}, {"gpt-oss-", "o200k_harmony"},
	{"ft:gpt-4o", "o200k_base"}, {"ft:gpt-4", "cl100k_base"}, {"ft:gpt-3.5-turbo", "cl100k_base"},
	{"ft:davinci-002", "cl100k_base"}, {"ft:babbage-002", "cl100k_base"},
}

// Encoding returns the name of the vocabulary that Open opens for a name, which may be "" or a model of OpenAI. Other
// names are returned unchanged, as are those of existing files.
func Encoding(name string) string {
	if name == "" {
		return Default
	}
	if _, err := os.Stat(name); err == nil {
		return name
	}
	if encoding, ok := newerModels[name]; ok {
		return encoding
	}
	if encoding, ok := tiktoken.MODEL_TO_ENCODING[name]; ok {
		return encoding
	}
	best, encoding := "", name
	for prefix, e := range tiktoken.MODEL_PREFIX_TO_ENCODING {
		if strings.HasPrefix(name, prefix) && len(prefix) > len(best) {
			best, encoding = prefix, e
		}
	}
	for _, p := range newerPrefixes {
		if strings.HasPrefix(name, p.prefix) && len(p.prefix) > len(best) {
			best, encoding = p.prefix, p.encoding
		}
	}
	return encoding
}
