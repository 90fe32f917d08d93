package format

import (
	"encoding/xml"
	"io"

	"perfpipe/internal/stats"
	"perfpipe/internal/visible"
)

type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Failure *junitFailure `xml:"failure,omitempty"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
}

// junit writes the gates as the test cases of a JUnit report, with a suite for each block.
func junit(w io.Writer, s *stats.Summary, _ Options) error {
	var doc struct {
		XMLName xml.Name `xml:"testsuites"`
		Suites  []junitSuite
	}
	for i := range s.Blocks {
		b := &s.Blocks[i]
		suite := junitSuite{Name: visible.Line(title(b)), Tests: len(b.Gates)}
		for _, g := range b.Gates {
			c := junitCase{Class: visible.Line("perf-stats " + name(b)), Name: visible.Line(g.Gate)}
			if !g.Pass {
				suite.Failures++
				c.Failure = &junitFailure{Message: "it is " + Number(g.Value)}
			}
			suite.Cases = append(suite.Cases, c)
		}
		doc.Suites = append(doc.Suites, suite)
	}
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
