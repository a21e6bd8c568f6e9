// kstatus reads objects as JSON from standard input, one after the other, and prints for each what the reference
// library makes of it: what Flux, Helm and kubectl-plugins would say. Nothing in here is azid's.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	decoder := json.NewDecoder(in)
	for {
		var object map[string]any
		if err := decoder.Decode(&object); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("expected objects as JSON on standard input: %w", err)
		}
		// Through unstructured's own decoder: whole numbers are int64 there, as in what Flux reads from the API server.
		text, err := json.Marshal(object)
		if err != nil {
			return err
		}
		var u unstructured.Unstructured
		if err := u.UnmarshalJSON(text); err != nil {
			return fmt.Errorf("expected an object of Kubernetes: %w", err)
		}
		result, err := status.Compute(&u)
		if err != nil {
			return fmt.Errorf("%s %s/%s: %w", u.GetKind(), u.GetNamespace(), u.GetName(), err)
		}
		fmt.Fprintln(out, result.Status)
	}
}
