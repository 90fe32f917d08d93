package cli

import "testing"

func TestCheckSpec(t *testing.T) {
	for _, c := range []struct{ api, file, want string }{
		{"", "", ""}, {"", "x.json", ""}, {"custom", "x.json", ""}, {"openai", "", ""},
		{"custom", "", "--api custom needs --api-spec FILE"},
		{"openai", "x.json", "--api-spec is for --api custom, not --api openai"},
	} {
		got := ""
		if err := CheckSpec(c.api, c.file); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%q %q: %q, want %q", c.api, c.file, got, c.want)
		}
	}
}
