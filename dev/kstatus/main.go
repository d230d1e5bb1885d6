// kstatus says what GitOps tools and `kubectl wait`-like tools make of objects: it reads a stream of objects as JSON from
// standard input and writes one line of JSON for each, {"status", "message"}, as the library computes it that Flux uses.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

type verdict struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

func run(input io.Reader, output io.Writer) error {
	objects, verdicts := json.NewDecoder(input), json.NewEncoder(output)
	for number := 1; ; number++ {
		var text json.RawMessage
		if err := objects.Decode(&text); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("object %d is not JSON: %w", number, err)
		}
		// Numbers become int64 here, which is what the library looks for; encoding/json would make them float64.
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(text); err != nil {
			return fmt.Errorf("object %d is none of Kubernetes: %w", number, err)
		}
		result, err := status.Compute(object)
		if err != nil {
			return fmt.Errorf("object %d: %w", number, err)
		}
		if err := verdicts.Encode(verdict{result.Status.String(), result.Message}); err != nil {
			return err
		}
	}
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "kstatus:", err)
		os.Exit(1)
	}
}
