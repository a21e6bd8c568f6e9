package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sort"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"
)

// store holds series in memory, and is what the engine queries.
type store struct {
	series map[string]*promql.Series
}

func newStore() *store {
	return &store{series: map[string]*promql.Series{}}
}

func (s *store) add(metric labels.Labels, point promql.FPoint) {
	key := metric.String()
	if s.series[key] == nil {
		s.series[key] = &promql.Series{Metric: metric}
	}
	s.series[key].Floats = append(s.series[key].Floats, point)
}

// addScrape takes a page of /metrics as Prometheus would at that time, with the labels of the target.
func (s *store) addScrape(scrape scrape) error {
	page, err := textparse.New([]byte(scrape.Text), "text/plain; version=0.0.4", nil, textparse.ParserOptions{})
	if err != nil {
		return err
	}
	for {
		entry, err := page.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("expected a page of metrics: %w", err)
		}
		if entry != textparse.EntrySeries {
			continue
		}
		_, _, value := page.Series()
		var own labels.Labels
		page.Labels(&own)
		builder := labels.NewBuilder(own)
		for name, of := range scrape.Labels {
			builder.Set(name, of)
		}
		s.add(builder.Labels(), promql.FPoint{T: scrape.AtMs, F: value})
	}
}

// addWritten takes a series in the notation of promtool's tests: `up{job="a"}` and `1+1x10`.
func (s *store) addWritten(read parser.Parser, written writtenSeries, intervalMs int64) error {
	metric, values, err := read.ParseSeriesDesc(written.Series + " " + written.Values)
	if err != nil {
		return fmt.Errorf("%s: %w", written.Series, err)
	}
	for at, value := range values {
		if !value.Omitted {
			s.add(metric, promql.FPoint{T: int64(at) * intervalMs, F: value.Value})
		}
	}
	return nil
}

func (s *store) Querier(from, to int64) (storage.Querier, error) {
	return querier{store: s, from: from, to: to}, nil
}

type querier struct {
	store    *store
	from, to int64
}

func (q querier) Select(_ context.Context, _ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	var found []storage.Series
	for _, series := range q.store.series {
		if !matches(series.Metric, matchers) {
			continue
		}
		within := promql.Series{Metric: series.Metric}
		for _, point := range series.Floats {
			if q.from <= point.T && point.T <= q.to {
				within.Floats = append(within.Floats, point)
			}
		}
		if len(within.Floats) > 0 {
			found = append(found, promql.NewStorageSeries(within))
		}
	}
	sort.Slice(found, func(i, j int) bool { return labels.Compare(found[i].Labels(), found[j].Labels()) < 0 })
	return &seriesSet{series: found, at: -1}
}

func matches(metric labels.Labels, matchers []*labels.Matcher) bool {
	for _, matcher := range matchers {
		if !matcher.Matches(metric.Get(matcher.Name)) {
			return false
		}
	}
	return true
}

// No query needs them.
func (querier) LabelValues(context.Context, string, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, errors.ErrUnsupported
}

func (querier) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, errors.ErrUnsupported
}

func (querier) Close() error { return nil }

type seriesSet struct {
	series []storage.Series
	at     int
}

func (s *seriesSet) Next() bool {
	s.at++
	return s.at < len(s.series)
}
func (s *seriesSet) At() storage.Series                { return s.series[s.at] }
func (s *seriesSet) Err() error                        { return nil }
func (s *seriesSet) Warnings() annotations.Annotations { return nil }
