// health reads one request as JSON from standard input and prints what Argo CD and Flux make of its objects. Argo CD runs a health
// check in gopher-lua with few libraries and for a second at most (its util/lua), and so does this; Flux's expressions are
// evaluated by Flux's own library. Nothing in here is azid's.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/runtime/cel"
	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

type request struct {
	// A script for Argo CD.
	Lua string `json:"lua"`
	// healthCheckExprs of a Kustomization.
	Flux    []kustomize.CustomHealthCheck `json:"flux"`
	Objects []json.RawMessage             `json:"objects"`
}

type argoHealth struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

type verdict struct {
	Argo argoHealth `json:"argo"`
	// Empty: no expression is about the object, so Flux goes by kstatus.
	Flux string `json:"flux"`
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	var asked request
	if err := json.NewDecoder(in).Decode(&asked); err != nil {
		return fmt.Errorf("expected a request as JSON on standard input: %w", err)
	}
	verdicts := make([]verdict, 0, len(asked.Objects))
	for _, raw := range asked.Objects {
		// Through unstructured's own decoder: whole numbers are int64 there, as in what both read from the API server.
		var object unstructured.Unstructured
		if err := object.UnmarshalJSON(raw); err != nil {
			return fmt.Errorf("expected an object of Kubernetes: %w", err)
		}
		argo, err := argoVerdict(asked.Lua, &object)
		if err != nil {
			return fmt.Errorf("%s %s: %w", object.GetKind(), object.GetName(), err)
		}
		flux, err := fluxVerdict(asked.Flux, &object)
		if err != nil {
			return fmt.Errorf("%s %s: %w", object.GetKind(), object.GetName(), err)
		}
		verdicts = append(verdicts, verdict{Argo: argo, Flux: flux})
	}
	return json.NewEncoder(out).Encode(verdicts)
}

func argoVerdict(script string, object *unstructured.Unstructured) (argoHealth, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable} {
		call := lua.P{Fn: state.NewFunction(open), Protect: true}
		if err := state.CallByParam(call, lua.LString(name)); err != nil {
			return argoHealth{}, err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	state.SetContext(ctx)
	state.SetGlobal("obj", luaValue(state, object.Object))
	if err := state.DoString(script); err != nil {
		return argoHealth{}, err
	}
	answer, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		return argoHealth{}, fmt.Errorf("expected the script to return a table, got %s", state.Get(-1).Type())
	}
	status, message := answer.RawGetString("status"), answer.RawGetString("message")
	switch status.String() {
	case "Healthy", "Progressing", "Degraded", "Suspended", "Missing", "Unknown":
	default:
		return argoHealth{}, fmt.Errorf("expected a status of Argo CD, got %q", status.String())
	}
	if message.Type() != lua.LTString {
		return argoHealth{}, fmt.Errorf("expected a message, got %s", message.Type())
	}
	return argoHealth{Status: status.String(), Message: message.String()}, nil
}

// luaValue is what a script sees of a decoded JSON value.
func luaValue(state *lua.LState, value any) lua.LValue {
	switch given := value.(type) {
	case bool:
		return lua.LBool(given)
	case string:
		return lua.LString(given)
	case int64:
		return lua.LNumber(given)
	case float64:
		return lua.LNumber(given)
	case []any:
		list := state.CreateTable(len(given), 0)
		for _, each := range given {
			list.Append(luaValue(state, each))
		}
		return list
	case map[string]any:
		table := state.CreateTable(0, len(given))
		for name, each := range given {
			table.RawSetString(name, luaValue(state, each))
		}
		return table
	default:
		return lua.LNil
	}
}

func fluxVerdict(checks []kustomize.CustomHealthCheck, object *unstructured.Unstructured) (string, error) {
	for _, check := range checks {
		if check.APIVersion != object.GetAPIVersion() || (check.Kind != "" && check.Kind != object.GetKind()) {
			continue
		}
		evaluator, err := cel.NewStatusEvaluator(&check.HealthCheckExpressions)
		if err != nil {
			return "", err
		}
		result, err := evaluator.Evaluate(context.Background(), object)
		if err != nil {
			return "", err
		}
		return string(result.Status), nil
	}
	return "", nil
}
