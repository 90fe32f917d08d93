package format

import (
	"cmp"
	"encoding/xml"
	"io"
	"strconv"
	"strings"
	"time"

	"perfpipe/internal/dist"
	"perfpipe/internal/gate"
	"perfpipe/internal/lang"
	"perfpipe/internal/stats"
	"perfpipe/internal/visible"
)

// The elements of a JUnit report, as the schema of Jenkins' xUnit plugin (junit-10.xsd) has them.
type (
	junitReport struct {
		XMLName xml.Name `xml:"testsuites"`
		Name    string   `xml:"name,attr"`
		junitCounts
		Suites []junitSuite `xml:"testsuite"`
	}
	junitCounts struct {
		Tests    int    `xml:"tests,attr"`
		Failures int    `xml:"failures,attr"`
		Errors   int    `xml:"errors,attr"`
		Seconds  string `xml:"time,attr"`
	}
	junitSuite struct {
		Name string `xml:"name,attr"`
		junitCounts
		Skipped    int             `xml:"skipped,attr"`
		Timestamp  string          `xml:"timestamp,attr,omitempty"`
		Host       string          `xml:"hostname,attr"`
		ID         int             `xml:"id,attr"`
		Package    string          `xml:"package,attr"`
		URL        string          `xml:"url,attr,omitempty"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Name    string      `xml:"name,attr"`
		Class   string      `xml:"classname,attr"`
		Seconds string      `xml:"time,attr"`
		Failure *junitFault `xml:"failure,omitempty"`
		Error   *junitFault `xml:"error,omitempty"`
	}
	junitFault struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

const junitPackage = "perf-stats"

// junit writes the gates as the test cases of a JUnit report, with a suite for each block. A gate that is missed is a
// failure. One whose figure does not exist is an error, since nothing was tested.
func junit(w io.Writer, s *stats.Summary, opt Options) error {
	doc := junitReport{Name: junitPackage}
	total := dist.Num(0)
	for i := range s.Blocks {
		suite, seconds := junitSuiteOf(&s.Blocks[i], opt)
		suite.ID = i
		total += seconds
		doc.Tests += suite.Tests
		doc.Failures += suite.Failures
		doc.Errors += suite.Errors
		doc.Suites = append(doc.Suites, suite)
	}
	doc.Seconds = junitSeconds(total)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// junitSuiteOf returns the suite of a block, and the time that it took. The test cases share that time, so that it is
// also their sum, which some readers show.
func junitSuiteOf(b *stats.Block, opt Options) (suite junitSuite, seconds dist.Num) {
	if b.DurationS.Known() {
		seconds = b.DurationS
	}
	suite = junitSuite{
		Name: visible.Line(title(b, lang.Words{})), Host: visible.Line(cmp.Or(opt.Host, "localhost")), Package: junitPackage,
		URL: visible.Line(strings.Join(b.URL, " ")), Properties: junitProperties(b),
	}
	suite.Tests, suite.Seconds = len(b.Gates), junitSeconds(seconds)
	if b.FirstScheduledUs > 0 {
		suite.Timestamp = time.UnixMicro(b.FirstScheduledUs).UTC().Format("2006-01-02T15:04:05")
	}
	// Readers treat the text before the last dot as a package: rate=0.5 would be split.
	class := junitPackage + "." + strings.ReplaceAll(cmp.Or(visible.Line(name(b)), "all records"), ".", "_")
	for _, g := range b.Gates {
		c := junitCase{
			Name: visible.Line(g.Gate), Class: class, Seconds: junitSeconds(seconds / dist.Num(len(b.Gates))),
		}
		switch {
		case g.Pass:
		case g.Value != g.Value:
			suite.Errors++
			c.Error = &junitFault{"NoValue", "the records have no such figure", visible.Line(g.Gate) + ": no value"}
		default:
			suite.Failures++
			c.Failure = &junitFault{"SLO", "it is " + judged(g), junitMissed(g)}
		}
		suite.Cases = append(suite.Cases, c)
	}
	return suite, seconds
}

func junitMissed(g gate.Result) string {
	value := plain(g.Value)
	if value == "" {
		value = "infinite, since failed requests reach it"
	}
	return visible.Line(g.Gate) + " is missed: it is " + value
}

// junitProperties returns what was measured, for those who read the report.
func junitProperties(b *stats.Block) []junitProperty {
	var out []junitProperty
	add := func(name, value string) {
		if value != "" {
			out = append(out, junitProperty{name, visible.Line(value)})
		}
	}
	add("model", strings.Join(b.Model, " "))
	add("op", strings.Join(b.Op, " "))
	add("mode", b.Mode)
	add("simulated", strconv.FormatBool(b.Simulated))
	add("requests", strconv.FormatInt(b.Requests, 10))
	add("failed", strconv.FormatInt(b.Failed, 10))
	add("requests_per_s", plain(b.RequestsPerS))
	add("output_tokens_per_s", plain(b.OutputPerS))
	add("load_generator", b.Client.Level)
	for _, n := range b.Notes {
		add("note", n)
	}
	return out
}

// junitSeconds returns seconds as the schema wants them: digits and a dot, no exponent.
func junitSeconds(v dist.Num) string { return strconv.FormatFloat(float64(v), 'f', 6, 64) }
