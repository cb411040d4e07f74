package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509/pkix"
	"flag"
	"fmt"
	"sync"
	"time"

	certificates "k8s.io/api/certificates/v1"
	clientset "k8s.io/client-go/kubernetes"
	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/certificate/csr"
)

// duration is a row of Kubernetes' table (test/integration/certificates/duration_test.go), for a signer that grants a day
// at most. wanted is from notBefore to notAfter; zero if the API server has to refuse the CSR.
type duration struct {
	name              string
	requested, wanted time.Duration
}

var durationTable = []duration{
	{"none", 0, 24 * time.Hour},
	{"the longest", 24 * time.Hour, 24 * time.Hour},
	{"too long", 48 * time.Hour, 24 * time.Hour},
	{"20 hours", 20 * time.Hour, 20 * time.Hour},
	{"10 hours", 10 * time.Hour, 10 * time.Hour},
	{"2 hours", 2 * time.Hour, 2*time.Hour + 5*time.Minute},
	{"30 minutes", 30 * time.Minute, 35 * time.Minute},
	{"10 minutes", 10 * time.Minute, 15 * time.Minute},
	{"a second too short", 10*time.Minute - time.Second, 0},
	{"3 minutes", 3 * time.Minute, 0},
	{"negative", -7 * time.Minute, 0},
}

// runDurations says for each row what was granted, and leaves the comparison to its caller.
func runDurations(arguments []string) error {
	flags := flag.NewFlagSet("durations", flag.ContinueOnError)
	kubeconfig := flags.String("kubeconfig", "", "of an administrator")
	user := flags.String("user", "panda", "common name in the CSRs")
	if err := flags.Parse(arguments); err != nil || *kubeconfig == "" {
		return fmt.Errorf("%w: durations -kubeconfig FILE [-user NAME]", errUsage)
	}
	client, _, err := clientOf(*kubeconfig)
	if err != nil {
		return err
	}
	var rows sync.WaitGroup
	for _, row := range durationTable {
		rows.Add(1)
		go func(row duration) {
			defer rows.Done()
			granted, err := request(client, *user, row.requested)
			seen := event{
				"name":      row.name,
				"requested": row.requested.Seconds(),
				"wanted":    row.wanted.Seconds(),
				"granted":   granted.Seconds(),
			}
			if err != nil {
				seen["error"] = err.Error()
			}
			say("duration", seen)
		}(row)
	}
	rows.Wait()
	return nil
}

func request(client clientset.Interface, user string, requested time.Duration) (time.Duration, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return 0, err
	}
	der, err := cert.MakeCSR(key, &pkix.Name{CommonName: user}, nil, nil)
	if err != nil {
		return 0, err
	}
	var asked *time.Duration
	if requested != 0 {
		asked = &requested
	}
	usages := []certificates.KeyUsage{certificates.UsageClientAuth}
	name, uid, err := csr.RequestCertificate(client, der, "", certificates.KubeAPIServerClientSignerName, asked, usages, key)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := approve(ctx, client.CertificatesV1().CertificateSigningRequests(), name); err != nil {
		return 0, err
	}
	signed, err := csr.WaitForCertificate(ctx, client, name, uid)
	if err != nil {
		return 0, err
	}
	leaf, err := only(signed)
	if err != nil {
		return 0, err
	}
	return leaf.NotAfter.Sub(leaf.NotBefore), nil
}
