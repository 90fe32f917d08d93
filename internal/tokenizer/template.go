package tokenizer

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	json "github.com/goccy/go-json"

	"perfpipe/internal/tokenizer/chattemplate"
)

// OpenTemplate reads the chat template of a model's folder: chat_template.jinja, chat_template.json, or the
// chat_template of tokenizer_config.json. Of several templates it uses the one named default, and tool_use for a chat
// with tools. path can also be a *.jinja file, or another file of the folder. The error is fs.ErrNotExist if there is
// none.
func OpenTemplate(path string) (*chattemplate.Template, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	dir, file := path, ""
	if !info.IsDir() {
		dir = filepath.Dir(path)
		if strings.HasSuffix(path, ".jinja") {
			file = path
		}
	}
	c, err := readTemplateConfig(dir)
	if err != nil {
		return nil, err
	}
	for _, candidate := range []string{filepath.Join(dir, "chat_template.json"), filepath.Join(dir, "chat_template.jinja"),
		file} {
		data, err := readFile(candidate)
		if candidate == "" || errors.Is(err, fs.ErrNotExist) {
			continue
		}
		sources := map[string]string{"default": string(data)}
		if err == nil && strings.HasSuffix(candidate, ".json") {
			var inner struct {
				Template json.RawMessage `json:"chat_template"`
			}
			if err = json.Unmarshal(data, &inner); err == nil {
				sources, err = templateSources(inner.Template)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", candidate, err)
		}
		c.sources, c.name = sources, candidate
	}
	if err := c.more(dir); err != nil {
		return nil, err
	}
	if len(c.sources) == 0 {
		return nil, hinted("name the folder of the chat model, or put its chat_template.jinja into this one",
			"%s: no chat template in it: %w", dir, fs.ErrNotExist)
	}
	return c.compile()
}

// compile compiles the template named default, and tool_use for chats with tools.
func (c *templateConfig) compile() (*chattemplate.Template, error) {
	source, ok := c.sources["default"]
	if !ok {
		return nil, fmt.Errorf("%s: none of the chat templates %s is called default", c.name,
			strings.Join(slices.Sorted(maps.Keys(c.sources)), ", "))
	}
	t, err := chattemplate.New(c.name, source, c.tokens)
	if err != nil {
		return nil, err
	}
	if source, ok = c.sources["tool_use"]; !ok {
		return t, nil
	}
	tools, err := chattemplate.New(c.name+" (tool_use)", source, c.tokens)
	if err != nil {
		return nil, err
	}
	t.ForTools(tools)
	return t, nil
}

// templateConfig is the templates of a folder and the tokens that they may print.
type templateConfig struct {
	name    string            // of the file
	sources map[string]string // by name; that of a file with one template is default
	tokens  map[string]string
}

// more adds the templates of additional_chat_templates.
func (c *templateConfig) more(dir string) error {
	found, err := filepath.Glob(filepath.Join(quoteGlob(dir), "additional_chat_templates", "*.jinja"))
	if err != nil {
		return err
	}
	for _, path := range found {
		data, err := readFile(path)
		if err != nil {
			return err
		}
		if c.sources == nil {
			c.sources = map[string]string{}
		}
		c.sources[strings.TrimSuffix(filepath.Base(path), ".jinja")] = string(data)
		c.name = cmp.Or(c.name, path)
	}
	return nil
}

func readTemplateConfig(dir string) (templateConfig, error) {
	c := templateConfig{tokens: map[string]string{}}
	for _, name := range []string{"special_tokens_map.json", "tokenizer_config.json"} { // the latter overrides the former
		path := filepath.Join(dir, name)
		data, err := readFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var all map[string]json.RawMessage
		if err == nil {
			err = json.Unmarshal(data, &all)
		}
		if err == nil && len(all["chat_template"]) > 0 {
			c.name = path
			c.sources, err = templateSources(all["chat_template"])
		}
		if err != nil {
			return c, fmt.Errorf("%s: %w", path, err)
		}
		for _, t := range readNamedTokens(data) {
			if t.name != "" {
				c.tokens[t.name] = t.Content
			}
		}
	}
	return c, nil
}

// templateSources returns templates by name. A single one is named default.
func templateSources(raw json.RawMessage) (map[string]string, error) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		if text == "" {
			return nil, nil
		}
		return map[string]string{"default": text}, nil
	}
	var list []struct{ Name, Template string }
	var byName map[string]string
	if err := json.Unmarshal(raw, &list); err == nil {
		byName = map[string]string{}
		for _, t := range list {
			byName[t.Name] = t.Template
		}
	} else if err := json.Unmarshal(raw, &byName); err != nil {
		return nil, errors.New("the chat_template is neither text nor a list of names and texts")
	}
	return byName, nil
}
