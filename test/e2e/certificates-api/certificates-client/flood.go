package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509/pkix"
	"flag"
	"fmt"
	"strings"
	"sync"
	"time"

	certificates "k8s.io/api/certificates/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientset "k8s.io/client-go/kubernetes"
	"k8s.io/client-go/util/cert"
)

const floodWorkers = 20

// runFlood creates CSRs for client certificates of nodes. NAME may have a %d, which becomes 1, 2, 3, … With an approver's
// kubeconfig, each is approved at once: kube-controller-manager approves about ten a second.
func runFlood(arguments []string) error {
	flags := flag.NewFlagSet("flood", flag.ContinueOnError)
	kubeconfig := flags.String("kubeconfig", "", "of their requester, such as a bootstrap token")
	count := flags.Int("count", 0, "how many")
	approver := flags.String("approver", "", "kubeconfig of who approves them")
	node := flags.String("node", "", "name of the node in them")
	if err := flags.Parse(arguments); err != nil || *kubeconfig == "" || *count < 1 || *node == "" {
		return fmt.Errorf("%w: flood -kubeconfig FILE -count NUMBER -node NAME", errUsage)
	}
	client, err := fastClient(*kubeconfig)
	if err != nil {
		return err
	}
	var approving clientset.Interface
	if *approver != "" {
		if approving, err = fastClient(*approver); err != nil {
			return err
		}
	}
	started := time.Now()
	numbers := make(chan int)
	failures := make(chan error, *count)
	var workers sync.WaitGroup
	for i := 0; i < floodWorkers; i++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for number := range numbers {
				name := *node
				if strings.Contains(name, "%d") {
					name = fmt.Sprintf(name, number)
				}
				if err := createNodeCSR(client, approving, name); err != nil {
					failures <- err
				}
			}
		}()
	}
	for number := 1; number <= *count; number++ {
		numbers <- number
	}
	close(numbers)
	workers.Wait()
	select {
	case err := <-failures:
		return err
	default:
	}
	say("flooded", event{"count": *count, "milliseconds": time.Since(started).Milliseconds()})
	return nil
}

func fastClient(kubeconfig string) (clientset.Interface, error) {
	config, err := configOf(kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS, config.Burst = 5000, 5000
	return clientset.NewForConfig(config)
}

// createCSR tries again if the generated name is taken: before 1.30, the API server does not, and among thousands of CSRs
// that happens.
func createCSR(client clientset.Interface, request []byte) (*certificates.CertificateSigningRequest, error) {
	for {
		csr, err := client.CertificatesV1().CertificateSigningRequests().Create(context.Background(), &certificates.CertificateSigningRequest{
			ObjectMeta: metav1.ObjectMeta{GenerateName: "csr-"},
			Spec: certificates.CertificateSigningRequestSpec{
				Request:    request,
				SignerName: certificates.KubeAPIServerClientKubeletSignerName,
				Usages:     []certificates.KeyUsage{certificates.UsageDigitalSignature, certificates.UsageClientAuth},
			},
		}, metav1.CreateOptions{})
		if !errors.IsAlreadyExists(err) {
			return csr, err
		}
	}
}

func createNodeCSR(client, approving clientset.Interface, node string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	subject := &pkix.Name{CommonName: "system:node:" + node, Organization: []string{"system:nodes"}}
	request, err := cert.MakeCSR(key, subject, nil, nil)
	if err != nil {
		return err
	}
	csr, err := createCSR(client, request)
	if err != nil || approving == nil {
		return err
	}
	csr.Status.Conditions = []certificates.CertificateSigningRequestCondition{{
		Type: certificates.CertificateApproved, Status: v1.ConditionTrue, Reason: "Flood", Message: "approved at once",
	}}
	_, err = approving.CertificatesV1().CertificateSigningRequests().UpdateApproval(
		context.Background(), csr.Name, csr, metav1.UpdateOptions{})
	if errors.IsConflict(err) {
		return nil // kube-controller-manager was faster
	}
	return err
}
