package chattemplate

import (
	"fmt"
	"strings"
	"testing"
)

func render(source string) (string, error) {
	t, err := New("x", source, nil)
	if err != nil {
		return "", err
	}
	return t.Render(Chat{Messages: []byte(`[{"role":"user","content":"hi"}]`)})
}

// loop returns a template that changes ns.x, which begins as x, n times.
func loop(x string, n int, body string) string {
	return fmt.Sprintf("{%% set ns = namespace(x=%s) %%}{%% for i in range(%d) %%}%s{%% endfor %%}", x, n, body)
}

// A template of a hub's does no more harm than to end in an error.
func TestTemplateBounds(t *testing.T) {
	for source, want := range map[string]string{
		"{% for i in range(10**9) %}x{% endfor %}":                                              "more than 100000",
		"{% for i in range(-(10**18), 10**18) %}{% endfor %}":                                   "more than 100000",
		"{{ range(0, 1000001, 10) | length }}":                                                  "more than 100000",
		"{{ range(1, 2, 0) }}":                                                                  "step of a range is zero",
		"{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}":      "does not end within",
		"{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}":                                       "macros call each other",
		"{% macro f() %}{{ g() }}{% endmacro %}{% macro g() %}{{ f() }}{% endmacro %}{{ f() }}": "macros call each other",
		"{{ 'x' * 10**12 }}":                                                                    "a text of more than",
		"{{ 'x' * 10**15 * 10**15 }}":                                                           "a text of more than",
		"{{ [1] * 10**9 }}":                                                                     "a text of more than",
		loop("'x'", 60, "{% set ns.x = ns.x ~ ns.x %}"):                                         "a text of more than",
		loop("'x'", 60, "{% set ns.x = ns.x + ns.x %}"):                                         "a text of more than",
		loop("'xx'", 60, "{% set ns.x = ns.x.replace('x', ns.x) %}"):                            "a text of more than",
		loop("'xx'", 60, "{% set ns.x = ns.x | replace('x', ns.x) %}"):                          "a text of more than",
		loop("'xx'", 60, "{% set ns.x = '{0}{0}'.format(ns.x) %}"):                              "a text of more than",
		loop("'xx'", 60, "{% set ns.x = '%s%s' % ns.x %}"):                                      "more places than values",
		loop("'xx'", 60, "{% set ns.x = range(100) | join(ns.x) %}"):                            "a text of more than",
		loop("'xx'", 60, "{% set ns.x = [ns.x, ns.x] %}") + "{{ ns.x }}":                        "nested more than",
		loop("[]", 5000, "{% set ns.x = [ns.x] %}") + "{{ ns.x == ns.x }}":                      "nested more than",
		"{% set x = [] %}{% set y = x.append(x) %}{{ x == x }}":                                 "they change a value",
		"{% set x = {} %}{% set y = x.update({'a': x}) %}{{ x == x }}":                          "they change a value",
		"{{ 'a\nb' | indent(10**9) }}":                                                          "a text of more than",
		"{% for i in range(100000) %}{{ 'x' * 1000 }}{% endfor %}":                              "writes more than",
		"{% for i in range(100000) %}" + strings.Repeat("x", 1000) + "{% endfor %}":             "writes more than",
		loop("'x' * 10**7", 10000, "{% set ns.y = ns.x ~ '' %}"):                                "too much text",
		strings.Repeat("x", 1<<20+1):                                                            "template of more than",
		"{{ 1" + strings.Repeat("+1", 1<<13) + " }}":                                            "an expression of more than",
		"{{ 1 / 0 }}":                   "division by zero",
		"{{ 1 // 0 }}":                  "division by zero",
		"{{ 1 % 0 }}":                   "division by zero",
		"{{ 1.5 % 0 }}":                 "division by zero",
		"{{ 0 ** -1 }}":                 "division by zero",
		"{{ '%d' % 'x' }}":              "is not understood",
		"{{ '%s %s' | format(1) }}":     "more places than values",
		"{{ '%s' | format(1, 2) }}":     "fewer places than values",
		"{{ '%' % 1 }}":                 "ends in %",
		"{{ '%y' % 1 }}":                "is not understood",
		"{{ '{} {}'.format(1) }}":       "is not understood",
		"{{ '{'.format(1) }}":           "single brace",
		"{{ 9223372036854775807 + 1 }}": "too large",
		"{{ 10 ** 30 }}":                "too large",
		"{{ 'a' ~ 1 + 2 }}":             "do not add up",
		"{% macro f(a='x' * 10**12) %}{{ a }}{% endmacro %}{{ f() }}": "defaults",
		"{{ 'a' + 1 }}": "do not add up",
		"{{ [] - 1 }}":  "is not understood",
	} {
		if text, err := render(source); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.100s: %.100q, %v, want %q", source, text, err, want)
		}
	}
}

// The values are those of Jinja 3.1.6.
func TestTemplateArithmetic(t *testing.T) {
	for source, want := range map[string]string{
		"1 + 2 * 3":                       "7",
		"(1 + 2) * 3":                     "9",
		"2 * 3 + 4 * 5 - 6":               "20",
		"1" + strings.Repeat("+1", 2000):  "2001",
		"10 - 2 - 3":                      "5",
		"2 ** 3 ** 1":                     "8",
		"-7 // 2":                         "-4",
		"-7 % 3":                          "2",
		"7 % -3":                          "-2",
		"7 / 2":                           "3.5",
		"6 / 2":                           "3.0",
		"7.5 // 2":                        "3.0",
		"-7.5 % 2":                        "0.5",
		"1 - -1":                          "2",
		"3 * -2":                          "-6",
		"-2 + 5":                          "3",
		"'a' ~ 1 ~ 'b'":                   "a1b",
		"'ab' * 2 + 'c'":                  "ababc",
		"[1] + [2] * 2":                   "[1, 2, 2]",
		"1 + 1 == 2":                      "True",
		"5 % 2 == 1 and 4 % 2 == 0":       "True",
		"true + 1":                        "2",
		"'%s' % 'x'":                      "x",
		"'%s and %s' | format('a', 2)":    "a and 2",
		"'{} {}'.format(1, 'b')":          "1 b",
		"'{1} {0} {x}'.format(1, 2, x=3)": "2 1 3",
		"'{{}}'.format()":                 "{}",
		"'a-b-c'.replace('-', '+')":       "a+b+c",
		"'a-b-c'.replace('-', '+', 1)":    "a+b-c",
		"'a-b-c' | replace('-', '')":      "abc",
		"[1, 2] | join(', ')":             "1, 2",
		"', '.join(['a', 'b'])":           "a, b",
		"[{'n': 1}, {'n': 2}] | join('/', attribute='n')": "1/2",
		"'a\\nb' | indent(2)":                             "a\n  b",
		"'a\\nb' | indent(2, true)":                       "  a\n  b",
		"'abc' | list":                                    "['a', 'b', 'c']",
		"{'a': 1} | list":                                 "['a']",
		"messages | length + 1":                           "2",
		"messages[0].content ~ '!'":                       "hi!",
		"messages[0]['content'][0] + 'x'":                 "hx",
		"range(5) | list":                                 "[0, 1, 2, 3, 4]",
		"range(5, 0, -2) | list":                          "[5, 3, 1]",
		"(messages | length - 1) * 2":                     "0",
		"'x' if 3 - 2 == 1 else 'y' + 'z'":                "x",
	} {
		if text, err := render("{{ " + source + " }}"); err != nil || text != want {
			t.Errorf("%s: %q, %v, want %q", source, text, err, want)
		}
	}
	for source, want := range map[string]string{
		"{% set ns = namespace(n=1) %}{% for i in range(3) %}{% set ns.n = ns.n * 2 %}{% endfor %}{{ ns.n }}": "8",
		"{% macro f(a, b=2) %}{{ a * b }}{% endmacro %}{{ f(3) }} {{ f(3, 4 - 1) }}":                          "6 9",
		"{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(5) }}":              "543210",
		"{% for m in messages %}{{ loop.index0 % 2 == 0 }}{% endfor %}":                                       "True",
		"{% if messages[-1].role == 'user' and messages | length % 2 == 1 %}a{% endif %}":                     "a",
	} {
		if text, err := render(source); err != nil || text != want {
			t.Errorf("%s: %q, %v, want %q", source, text, err, want)
		}
	}
}
