package main

import (
	"context"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/template"
)

// What Prometheus puts in front of each text of an alert.
const definitions = "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}"

type firing struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

func readRules(text string, read parser.Parser) (map[string]rulefmt.Rule, error) {
	groups, errs := rulefmt.Parse([]byte(text), false, model.UTF8Validation, read, slog.New(slog.DiscardHandler))
	if len(errs) > 0 {
		return nil, errs[0]
	}
	rules := map[string]rulefmt.Rule{}
	for _, group := range groups.Groups {
		for _, rule := range group.Rules {
			rules[rule.Alert] = rule
		}
	}
	return rules, nil
}

// firingAt evaluates a rule at every step, as Prometheus does: what it finds is pending since the first step of an unbroken line of
// them, and fires once that is as long ago as `for` says.
func firingAt(ctx context.Context, engine *promql.Engine, data *store, rule rulefmt.Rule, step, at time.Duration) ([]firing, error) {
	since := map[string]time.Duration{}
	for now := time.Duration(0); ; now += step {
		samples, err := instant(ctx, engine, data, rule.Expr, time.Unix(0, 0).Add(now))
		if err != nil {
			return nil, err
		}
		found := map[string]time.Duration{}
		fires := []firing{}
		for _, sample := range samples {
			key := sample.Metric.String()
			found[key] = now
			if began, ok := since[key]; ok {
				found[key] = began
			}
			if now-found[key] < time.Duration(rule.For) || now+step <= at {
				continue
			}
			alert, err := filledIn(ctx, rule, sample, now)
			if err != nil {
				return nil, err
			}
			fires = append(fires, alert)
		}
		if since = found; now+step > at {
			return fires, nil
		}
	}
}

func filledIn(ctx context.Context, rule rulefmt.Rule, sample promql.Sample, now time.Duration) (firing, error) {
	own := sample.Metric.DropReserved(func(name string) bool { return name == labels.MetricName }).Map()
	expand := func(texts map[string]string) (map[string]string, error) {
		expanded := map[string]string{}
		for _, name := range slices.Sorted(maps.Keys(texts)) {
			data := template.AlertTemplateData(own, nil, "", sample)
			text, err := template.NewTemplateExpander(ctx, strings.Join([]string{definitions, texts[name]}, ""), rule.Alert, data,
				model.Time(now.Milliseconds()), nil, &url.URL{}, []string{"missingkey=error"}).Expand()
			if err != nil {
				return nil, err
			}
			expanded[name] = text
		}
		return expanded, nil
	}
	ofRule, err := expand(rule.Labels)
	if err != nil {
		return firing{}, err
	}
	texts, err := expand(rule.Annotations)
	maps.Copy(own, ofRule)
	return firing{Labels: own, Annotations: texts}, err
}
