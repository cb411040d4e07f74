package main

import (
	"crypto/x509"
	"encoding/pem"
	"os"
)

// judgeCsr reads one file, PEM (its first block, whatever its label) or DER. The verdict has the contents as Go
// reads them, for comparison with another parser.
func judgeCsr(file string) verdict {
	text, err := os.ReadFile(file)
	if err != nil {
		return verdict{Name: file, Message: err.Error()}
	}
	der := text
	if block, _ := pem.Decode(text); block != nil {
		der = block.Bytes
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return verdict{Name: file, Message: err.Error()}
	}
	v := verdict{Name: file, Subject: csr.Subject.String(), Names: names(csr)}
	if err := csr.CheckSignature(); err != nil {
		v.Message = err.Error()
		return v
	}
	v.OK, v.Message = true, "parsed, signature good"
	return v
}

func names(csr *x509.CertificateRequest) []string {
	var found []string
	for _, name := range csr.DNSNames {
		found = append(found, "DNS:"+name)
	}
	for _, address := range csr.IPAddresses {
		found = append(found, "IP:"+address.String())
	}
	for _, address := range csr.EmailAddresses {
		found = append(found, "email:"+address)
	}
	for _, uri := range csr.URIs {
		found = append(found, "URI:"+uri.String())
	}
	return found
}
