// lint runs zlint on a batch of certificates in one process.
//
// zlint's own command takes one file per call, spends most of its time starting, and always exits with 0.
// The input is a JSON list of {name, certificate (PEM)}, the output one JSON line per item: {name, errors, warnings},
// each a list of lint names with zlint's details. A certificate that zlint cannot read has the error "unreadable".
package main

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"sort"

	"github.com/zmap/zcrypto/x509"
	"github.com/zmap/zlint/v3"
	"github.com/zmap/zlint/v3/lint"
)

type question struct {
	Name        string `json:"name"`
	Certificate string `json:"certificate"`
}

type findings struct {
	Name     string   `json:"name"`
	Errors   []string `json:"errors"`
	Warnings []string `json:"warnings"`
}

// sources omits the rules of browsers and of public CAs (CA/Browser Forum, Mozilla, Apple, ETSI): they require
// what the CA of a cluster must not do, such as revocation addresses and dots in every name.
var sources = lint.SourceList{
	lint.RFC3279, lint.RFC5280, lint.RFC5480, lint.RFC5891, lint.RFC8813, lint.Community,
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "lint:", err)
		os.Exit(2)
	}
}

func run() error {
	rules, err := lint.GlobalRegistry().Filter(lint.FilterOptions{IncludeSources: sources})
	if err != nil {
		return err
	}
	var questions []question
	if err := json.NewDecoder(os.Stdin).Decode(&questions); err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	out := json.NewEncoder(os.Stdout)
	for _, q := range questions {
		if err := out.Encode(look(q, rules)); err != nil {
			return err
		}
	}
	return nil
}

func look(q question, rules lint.Registry) findings {
	found := findings{Name: q.Name, Errors: []string{}, Warnings: []string{}}
	certificate, err := read(q.Certificate)
	if err != nil {
		found.Errors = append(found.Errors, "unreadable: "+err.Error())
		return found
	}
	for name, result := range zlint.LintCertificateEx(certificate, rules).Results {
		text := name
		if result.Details != "" {
			text += ": " + result.Details
		}
		switch result.Status {
		case lint.Error, lint.Fatal:
			found.Errors = append(found.Errors, text)
		case lint.Warn:
			found.Warnings = append(found.Warnings, text)
		}
	}
	sort.Strings(found.Errors) // results are a map: their order would change from run to run
	sort.Strings(found.Warnings)
	return found
}

func read(text string) (*x509.Certificate, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("no PEM certificate")
	}
	return x509.ParseCertificate(block.Bytes)
}
