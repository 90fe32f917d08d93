package chattemplate

import (
	"strings"
	"testing"
)

func FuzzTemplate(f *testing.F) {
	for _, source := range []string{`{% for m in messages %}{{ m.content | trim }}{% endfor %}`,
		`{% raw %}{{{% endraw %}{# c #}{{- x|map('upper')|tojson(indent=2) -}}`,
		`{% generation %}{{ a["b"](c)|string }}{%+ endgeneration -%}`,
		`{{ messages[0]|tojson }}{{ none }}{{ 1.5 }}{{ strftime_now("%-d") }}`} {
		f.Add(source, `[{"role":"user","content":"hi"}]`)
	}
	f.Fuzz(func(t *testing.T, source, messages string) {
		if strings.Contains(source, "range") || strings.Contains(source, "macro") || strings.Contains(source, "*") {
			return // loops without end are a template's right
		}
		if tmpl, err := New("fuzz", source, templateTokens); err == nil {
			_, _ = tmpl.Render(Chat{Messages: []byte(messages)})
		}
	})
}
