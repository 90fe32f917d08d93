package lang

import (
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-json"
)

func TestSentence(t *testing.T) {
	zh := Of("zh")
	for english, want := range map[string]string{
		"requests/s": "请求/秒",
		"":           "",
		"gpt-oss":    "gpt-oss",
		"10: 8 ok, 2 failed (20 %); 2 of warm-up left out": "10：成功 8，失败 2（20 %）；未计入预热 2",
		// Arguments change places, and are translated in turn.
		"nothing was due or in flight for 3 s, which is not part of the duration": "有 3 s 没有应发出或在途的请求，不计入时长",
		"the server did not keep up with the load: 3 of 1,234 requests failed":    "服务器跟不上负载：1,234 个请求中有 3 个失败",
		"too short to know the interval of the p90 and p99 of TTFT, TPOT and latency: about 370 requests would do": "" +
			"运行太短，无法得到 TTFT、TPOT、延迟 的 p90、p99 区间：约需 370 个请求",
		// The text of others is not translated, though it looks like ours.
		"failed: server":         "失败：server",
		"3, such as: requests/s": "3，例如：requests/s",
		"203.1 to ∞":             "203.1 至 ∞",
		"Tokyo to Osaka":         "Tokyo to Osaka",
	} {
		if got := zh.Sentence(english); got != want {
			t.Errorf("%q: %q, want %q", english, got, want)
		}
		if got := Of("en").Sentence(english); got != english {
			t.Errorf("%q in English is %q", english, got)
		}
	}
	if got := zh.Format("%d requests", 3); got != "3 个请求" {
		t.Error(got)
	}
}

// TestVerbs checks that a translation has the gaps of its sentence, and that no text is translated twice.
func TestVerbs(t *testing.T) {
	var known struct{ Texts, Sentences map[string]string }
	if err := json.Unmarshal(chinese, &known); err != nil {
		t.Fatal(err)
	}
	for english, local := range known.Sentences {
		a, b := gaps(english), gaps(local)
		slices.Sort(a)
		slices.Sort(b)
		if !slices.Equal(a, b) {
			t.Errorf("%q has the gaps %v, its translation %v", english, a, b)
		}
		if _, twice := known.Texts[english]; twice {
			t.Errorf("%q is a text and a sentence", english)
		}
		if strings.TrimSpace(local) == "" || len(a) == 0 {
			t.Errorf("%q is %q, with %d gaps", english, local, len(a))
		}
	}
}

// gaps returns the verbs of a format, without their positions.
func gaps(format string) (verbs []string) {
	for _, v := range verb.FindAllString(format, -1) {
		if v != "%%" {
			verbs = append(verbs, "%"+v[len(v)-1:])
		}
	}
	return verbs
}
