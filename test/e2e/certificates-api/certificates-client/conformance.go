package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"flag"
	"fmt"
	"time"

	certificates "k8s.io/api/certificates/v1"
	v1 "k8s.io/api/core/v1"
	rbac "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientset "k8s.io/client-go/kubernetes"
	typed "k8s.io/client-go/kubernetes/typed/certificates/v1"
	restclient "k8s.io/client-go/rest"
	"k8s.io/client-go/util/cert"
)

const (
	tester = "tester-csr"
	// as long as upstream's test waits, and as often as it looks
	pollEvery = 5 * time.Second
	pollFor   = time.Minute
)

// runConformance takes the steps of Kubernetes' end-to-end test of the certificates API (test/e2e/auth/certificates.go,
// "should support building a client with a CSR"), with its values and limits.
func runConformance(arguments []string) error {
	flags := flag.NewFlagSet("conformance", flag.ContinueOnError)
	kubeconfig := flags.String("kubeconfig", "", "of an administrator")
	if err := flags.Parse(arguments); err != nil || *kubeconfig == "" {
		return fmt.Errorf("%w: conformance -kubeconfig FILE", errUsage)
	}
	client, config, err := clientOf(*kubeconfig)
	if err != nil {
		return err
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	request, err := cert.MakeCSR(key, &pkix.Name{CommonName: tester}, nil, nil)
	if err != nil {
		return err
	}
	hour := int32(time.Hour / time.Second)
	wanted := &certificates.CertificateSigningRequest{
		ObjectMeta: metav1.ObjectMeta{GenerateName: tester + "-"},
		Spec: certificates.CertificateSigningRequestSpec{
			Request: request,
			Usages: []certificates.KeyUsage{
				certificates.UsageDigitalSignature, certificates.UsageKeyEncipherment, certificates.UsageClientAuth,
			},
			SignerName:        certificates.KubeAPIServerClientSignerName,
			ExpirationSeconds: &hour,
		},
	}
	ctx := context.Background()
	withdraw, err := mayCreateCSRs(ctx, client)
	if err != nil {
		return err
	}
	defer withdraw()
	csrs := client.CertificatesV1().CertificateSigningRequests()
	csr, err := csrs.Create(ctx, wanted, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	defer func() { _ = csrs.Delete(ctx, csr.Name, metav1.DeleteOptions{}) }()
	created := time.Now()
	if err := approve(ctx, csrs, csr.Name); err != nil {
		return err
	}
	signed, err := waitForCertificate(ctx, csrs, csr.Name)
	if err != nil {
		return err
	}
	waited := time.Since(created)
	leaf, err := only(signed)
	if err != nil {
		return err
	}
	validity := leaf.NotAfter.Sub(leaf.NotBefore)
	if most := time.Hour + 5*time.Minute; validity > most {
		return fmt.Errorf("valid for %s, wanted %s or less", validity, most)
	}
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	if err := createAs(ctx, config, csrs, signed, keyPEM, wanted); err != nil {
		return err
	}
	say("passed", event{"validity": validity.String(), "milliseconds": waited.Milliseconds()})
	return nil
}

// mayCreateCSRs lets the user of the certificate create CSRs. The function that it returns ends that.
func mayCreateCSRs(ctx context.Context, client clientset.Interface) (func(), error) {
	api := client.RbacV1()
	role, err := api.ClusterRoles().Create(ctx, &rbac.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{GenerateName: tester + "-"},
		Rules: []rbac.PolicyRule{{
			Verbs: []string{"create"}, APIGroups: []string{"certificates.k8s.io"}, Resources: []string{"certificatesigningrequests"},
		}},
	}, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	binding, err := api.ClusterRoleBindings().Create(ctx, &rbac.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{GenerateName: tester + "-"},
		RoleRef:    rbac.RoleRef{APIGroup: rbac.GroupName, Kind: "ClusterRole", Name: role.Name},
		Subjects:   []rbac.Subject{{APIGroup: rbac.GroupName, Kind: "User", Name: tester}},
	}, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	return func() {
		_ = api.ClusterRoleBindings().Delete(ctx, binding.Name, metav1.DeleteOptions{})
		_ = api.ClusterRoles().Delete(ctx, role.Name, metav1.DeleteOptions{})
	}, nil
}

func approve(ctx context.Context, csrs typed.CertificateSigningRequestInterface, name string) error {
	return poll(func() error {
		csr, err := csrs.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		csr.Status.Conditions = []certificates.CertificateSigningRequestCondition{{
			Type: certificates.CertificateApproved, Status: v1.ConditionTrue, Reason: "E2E", Message: "set by an end-to-end test",
		}}
		_, err = csrs.UpdateApproval(ctx, name, csr, metav1.UpdateOptions{})
		return err
	})
}

func waitForCertificate(ctx context.Context, csrs typed.CertificateSigningRequestInterface, name string) ([]byte, error) {
	var signed []byte
	return signed, poll(func() error {
		csr, err := csrs.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		signed = csr.Status.Certificate
		if len(signed) == 0 {
			return fmt.Errorf("%s has no certificate yet", name)
		}
		return nil
	})
}

// poll looks after each interval, as wait.Poll does, which is not in all releases.
func poll(look func() error) error {
	deadline := time.Now().Add(pollFor)
	for {
		time.Sleep(pollEvery)
		err := look()
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

// only returns the certificate of a status that must have exactly one.
func only(signed []byte) (*x509.Certificate, error) {
	all, err := cert.ParseCertsPEM(signed)
	if err != nil {
		return nil, err
	}
	if len(all) != 1 {
		return nil, fmt.Errorf("%d certificates in the status, wanted one", len(all))
	}
	return all[0], nil
}

// createAs logs in with the certificate and creates another CSR, whose user must be the certificate's.
func createAs(
	ctx context.Context,
	config *restclient.Config,
	csrs typed.CertificateSigningRequestInterface,
	signed, keyPEM []byte,
	wanted *certificates.CertificateSigningRequest,
) error {
	own := restclient.AnonymousClientConfig(config)
	own.TLSClientConfig.CertData, own.TLSClientConfig.KeyData = signed, keyPEM
	client, err := typed.NewForConfig(own)
	if err != nil {
		return err
	}
	created, err := client.CertificateSigningRequests().Create(ctx, wanted, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	defer func() { _ = csrs.Delete(ctx, created.Name, metav1.DeleteOptions{}) }()
	if created.Spec.Username != tester {
		return fmt.Errorf("the API server takes the client for %q", created.Spec.Username)
	}
	return nil
}
