// prometheus reads a request as JSON from standard input and answers by Prometheus' own engine, parsers and templates: which alerts
// fire over written series, and what queries give over scraped pages. Nothing in here is azid's.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
)

type request struct {
	// A rule file, and tests of it.
	Rules string     `json:"rules"`
	Tests []ruleTest `json:"tests"`
	// Pages as they were scraped, and queries over them.
	Scrapes []scrape `json:"scrapes"`
	Queries []query  `json:"queries"`
}

type ruleTest struct {
	Series []writtenSeries `json:"series"`
	Checks []struct {
		Alert     string `json:"alert"`
		AtSeconds int64  `json:"atSeconds"`
	} `json:"checks"`
	StepSeconds int64 `json:"stepSeconds"`
}

type writtenSeries struct {
	Series string `json:"series"`
	Values string `json:"values"`
}

type scrape struct {
	AtMs   int64             `json:"atMs"`
	Labels map[string]string `json:"labels"`
	Text   string            `json:"text"`
}

type query struct {
	Expr string `json:"expr"`
	AtMs int64  `json:"atMs"`
}

type sample struct {
	Labels map[string]string `json:"labels"`
	// As text: JSON knows neither NaN nor infinity.
	Value string `json:"value"`
}

type answer struct {
	// For each test, for each of its checks.
	Fires [][][]firing `json:"fires"`
	// For each query.
	Results [][]sample `json:"results"`
}

func main() {
	if err := run(context.Background(), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, in io.Reader, out io.Writer) error {
	var asked request
	if err := json.NewDecoder(in).Decode(&asked); err != nil {
		return fmt.Errorf("expected a request as JSON on standard input: %w", err)
	}
	read := parser.NewParser(parser.Options{})
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 50_000_000, Timeout: time.Minute, Parser: read})
	var given answer
	rules, err := readRules(asked.Rules, read)
	if err != nil {
		return err
	}
	for _, test := range asked.Tests {
		data, step := newStore(), time.Duration(test.StepSeconds)*time.Second
		for _, series := range test.Series {
			if err := data.addWritten(read, series, step.Milliseconds()); err != nil {
				return err
			}
		}
		fires := [][]firing{}
		for _, check := range test.Checks {
			rule, ok := rules[check.Alert]
			if !ok {
				return fmt.Errorf("expected the rules to have %s, found no such alert", check.Alert)
			}
			found, err := firingAt(ctx, engine, data, rule, step, time.Duration(check.AtSeconds)*time.Second)
			if err != nil {
				return fmt.Errorf("%s: %w", check.Alert, err)
			}
			fires = append(fires, found)
		}
		given.Fires = append(given.Fires, fires)
	}
	data := newStore()
	for _, each := range asked.Scrapes {
		if err := data.addScrape(each); err != nil {
			return err
		}
	}
	for _, each := range asked.Queries {
		found, err := instant(ctx, engine, data, each.Expr, time.UnixMilli(each.AtMs))
		if err != nil {
			return fmt.Errorf("%s: %w", each.Expr, err)
		}
		samples := []sample{}
		for _, one := range found {
			samples = append(samples, sample{Labels: one.Metric.Map(), Value: fmt.Sprint(one.F)})
		}
		given.Results = append(given.Results, samples)
	}
	return json.NewEncoder(out).Encode(given)
}

func instant(ctx context.Context, engine *promql.Engine, data *store, expression string, at time.Time) (promql.Vector, error) {
	query, err := engine.NewInstantQuery(ctx, data, nil, expression, at)
	if err != nil {
		return nil, err
	}
	defer query.Close()
	result := query.Exec(ctx)
	if result.Err != nil {
		return nil, result.Err
	}
	if scalar, err := result.Scalar(); err == nil {
		return promql.Vector{{T: scalar.T, F: scalar.V}}, nil
	}
	return result.Vector()
}
