// verify-chain is Go's crypto/x509, the verifier that every Kubernetes component uses, as a judge.
//
//	verify-chain chains < list.json    does this certificate reach one of these roots, for this use and these names?
//	verify-chain csrs   < files.json   can Go parse this CSR, and is it signed by its own key?
//
// The input is one JSON document with all questions, so that a thousand questions need one process. The output is
// one JSON line per question, in the same order. Exit code 0 means that every question has an answer; the answer
// itself is only in the line.
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

// answer reads the whole list before it judges anything, so that invalid input gives no partial output.
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
