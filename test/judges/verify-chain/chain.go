package main

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"
)

// chainQuestion holds PEM texts. Certificates that follow the first one of Certificate count as intermediates,
// as they do in a file that a TLS server loads.
type chainQuestion struct {
	Name          string   `json:"name"`
	Certificate   string   `json:"certificate"`
	Intermediates string   `json:"intermediates"`
	Roots         string   `json:"roots"`
	Usage         string   `json:"usage"`
	Hosts         []string `json:"hosts"`
	At            string   `json:"at"`
}

var usages = map[string]x509.ExtKeyUsage{
	"serverAuth": x509.ExtKeyUsageServerAuth,
	"clientAuth": x509.ExtKeyUsageClientAuth,
	"any":        x509.ExtKeyUsageAny,
}

func judgeChain(q chainQuestion) verdict {
	if err := verify(q); err != nil {
		return verdict{Name: q.Name, Message: err.Error()}
	}
	return verdict{Name: q.Name, OK: true, Message: "chain verified"}
}

func verify(q chainQuestion) error {
	own, err := certificates(q.Certificate)
	if err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	options, err := q.options(own[1:])
	if err != nil {
		return err
	}
	if _, err := own[0].Verify(options); err != nil {
		return err
	}
	for _, host := range q.Hosts { // takes addresses too; Go never falls back to the common name
		if err := own[0].VerifyHostname(host); err != nil {
			return err
		}
	}
	return nil
}

func (q chainQuestion) options(attached []*x509.Certificate) (x509.VerifyOptions, error) {
	none := x509.VerifyOptions{}
	usage, known := usages[q.Usage]
	if !known {
		return none, fmt.Errorf("usage %q: want serverAuth, clientAuth or any", q.Usage)
	}
	at, err := time.Parse(time.RFC3339, q.At)
	if err != nil {
		return none, err
	}
	roots, err := certificates(q.Roots)
	if err != nil {
		return none, fmt.Errorf("roots: %w", err)
	}
	if q.Intermediates != "" {
		more, err := certificates(q.Intermediates)
		if err != nil {
			return none, fmt.Errorf("intermediates: %w", err)
		}
		attached = append(attached, more...)
	}
	return x509.VerifyOptions{
		Roots:         pool(roots),
		Intermediates: pool(attached),
		CurrentTime:   at,
		KeyUsages:     []x509.ExtKeyUsage{usage},
	}, nil
}

func pool(certificates []*x509.Certificate) *x509.CertPool {
	p := x509.NewCertPool() // never nil: a nil pool would mean the machine's own roots
	for _, c := range certificates {
		p.AddCert(c)
	}
	return p
}

// certificates refuses what the pool's own PEM reader would ignore.
func certificates(text string) ([]*x509.Certificate, error) {
	var found []*x509.Certificate
	for block, rest := pem.Decode([]byte(text)); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("a PEM block %q among certificates", block.Type)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		found = append(found, c)
	}
	if len(found) == 0 {
		return nil, errors.New("no PEM certificate")
	}
	return found, nil
}
