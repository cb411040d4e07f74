package main

import (
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

// runScrape connects to kubelets as metrics-server does with --kubelet-certificate-authority: at the Node's address and
// port, with that address as the name to be verified. Any HTTP status proves the TLS connection.
func runScrape(arguments []string) error {
	flags := flag.NewFlagSet("scrape", flag.ContinueOnError)
	authority := flags.String("kubelet-certificate-authority", "", "file with the CA of kubelets' serving certificates")
	if err := flags.Parse(arguments); err != nil || *authority == "" || flags.NArg() == 0 {
		return fmt.Errorf("%w: scrape -kubelet-certificate-authority FILE ADDRESS:PORT…", errUsage)
	}
	text, err := os.ReadFile(*authority)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return fmt.Errorf("%s: no certificates", *authority)
	}
	client := &http.Client{
		Timeout: 10 * time.Second,
		Transport: &http.Transport{
			TLSClientConfig:   &tls.Config{RootCAs: roots},
			DialContext:       (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			DisableKeepAlives: true,
		},
	}
	for _, address := range flags.Args() {
		response, err := client.Get("https://" + address + "/metrics/resource")
		if err != nil {
			return err
		}
		_ = response.Body.Close()
		leaf := response.TLS.PeerCertificates[0]
		say("scraped", event{
			"address": address, "status": response.StatusCode,
			"subject": leaf.Subject.String(), "serial": leaf.SerialNumber.Text(16), "issuer": leaf.Issuer.String(),
		})
	}
	return nil
}
