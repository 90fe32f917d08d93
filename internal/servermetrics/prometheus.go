package servermetrics

import (
	"errors"
	"fmt"
	"io"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// families are the metrics of a page by name.
type families = map[string]*dto.MetricFamily

// parse reads a page in the text format of Prometheus.
func parse(r io.Reader) (families, error) {
	p := expfmt.NewTextParser(model.UTF8Validation)
	page, err := p.TextToMetricFamilies(r)
	if err != nil {
		return nil, fmt.Errorf("not a page of Prometheus metrics: %w", err)
	}
	if len(page) == 0 {
		return nil, errors.New("it has no metrics")
	}
	return page, nil
}

// fill sets the values with known names.
func (s *Sample) fill(page families) {
	for _, k := range table {
		family := page[k.name]
		if family == nil || len(family.Metric) == 0 || s.Server != "" && s.Server != k.server {
			continue
		}
		if s.Metrics == nil {
			s.Server, s.Metrics = k.server, map[string]float64{}
		}
		v := k.fold.of(family)
		if _, found := s.Metrics[k.key]; !found && finite(v) { // JSON has neither
			s.Metrics[k.key] = v
		}
	}
	s.GPUs, s.Meters = gpusOf(page), raplOf(page)
}

func (f fold) of(family *dto.MetricFamily) float64 {
	var total float64
	for _, m := range family.Metric {
		total += value(m)
	}
	if f == mean {
		total /= float64(len(family.Metric))
	}
	return total
}

func value(m *dto.Metric) float64 {
	switch {
	case m.Gauge != nil:
		return m.Gauge.GetValue()
	case m.Counter != nil:
		return m.Counter.GetValue()
	case m.Histogram != nil:
		return m.Histogram.GetSampleSum()
	case m.Summary != nil:
		return m.Summary.GetSampleSum()
	}
	return m.Untyped.GetValue()
}
