// verify-chain is Go's crypto/x509, the verifier that every Kubernetes component uses, as a judge.
//
//	verify-chain chains < list.json    does this certificate reach one of these roots, for this use and these names?
//	verify-chain csrs   < files.json   does Go read this request, and is its signature its own?
//
// A list comes in as one JSON document, so that a thousand questions cost one process; one JSON line per
// question goes out, in the same order. Exit 0 means that every question has its answer, whatever it is:
// the answer is in the line and never in the exit code.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

// verdict is one line of output.
type verdict struct {
	Name    string   `json:"name"`
	OK      bool     `json:"ok"`
	Message string   `json:"message"`
	Subject string   `json:"subject,omitempty"`
	Names   []string `json:"names,omitempty"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "verify-chain:", err)
		os.Exit(2)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("want one word: chains or csrs")
	}
	switch args[0] {
	case "chains":
		return answer(judgeChain)
	case "csrs":
		return answer(judgeCsr)
	}
	return fmt.Errorf("%q: want chains or csrs", args[0])
}

// answer reads the whole list before it judges anything, so that bad input gives no half of a report.
func answer[Q any](judge func(Q) verdict) error {
	in := json.NewDecoder(os.Stdin)
	in.DisallowUnknownFields()
	var questions []Q
	if err := in.Decode(&questions); err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	out := json.NewEncoder(os.Stdout)
	for _, q := range questions {
		if err := out.Encode(judge(q)); err != nil {
			return err
		}
	}
	return nil
}
