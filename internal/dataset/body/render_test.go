package body

import (
	"testing"
	"time"

	"github.com/tidwall/gjson"
)

func TestNewRendering(t *testing.T) {
	now := time.Unix(1, 0)
	for _, c := range []struct {
		args, want string
		n          int
	}{{"", "", 0}, {`[1]`, "", 0}, {`{"think": false, "x": {"y": 1}}`, "false", 2}} {
		r, err := NewRendering(nil, gjson.Parse(c.args), now)
		if err != nil || !r.Now.Equal(now) || len(r.Arguments) != c.n || string(r.Arguments["think"]) != c.want {
			t.Errorf("%s: %+v, %v", c.args, r, err)
		}
	}
}
