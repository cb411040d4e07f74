package main

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"reflect"
	"strings"
	"syscall"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	clientset "k8s.io/client-go/kubernetes"
	restclient "k8s.io/client-go/rest"
	"k8s.io/client-go/util/certificate"
	"k8s.io/kubernetes/pkg/kubelet/apis/config"
	kubeletcertificate "k8s.io/kubernetes/pkg/kubelet/certificate"
	"k8s.io/kubernetes/pkg/kubelet/certificate/bootstrap"
)

// kubelet has what cmd/kubelet/app/server.go gives to the two managers.
type kubelet struct {
	node                 string
	kubeconfig           string
	bootstrapKubeconfig  string
	certificateDirectory string
	addresses            string
	listen               string
	serving              bool
}

// runKubelet calls the kubelet's own functions in the kubelet's order, as with rotateCertificates and serverTLSBootstrap:
// the client certificate first, from the bootstrap kubeconfig or from kubelet.conf, then with it the serving certificate.
func runKubelet(arguments []string) error {
	k := kubelet{}
	flags := flag.NewFlagSet("kubelet", flag.ContinueOnError)
	flags.StringVar(&k.node, "node", "", "name of the node")
	flags.StringVar(&k.kubeconfig, "kubeconfig", "", "as the kubelet's option")
	flags.StringVar(&k.bootstrapKubeconfig, "bootstrap-kubeconfig", "", "as the kubelet's option")
	flags.StringVar(&k.certificateDirectory, "cert-dir", "", "as the kubelet's option")
	flags.StringVar(&k.addresses, "addresses", "", "file with the node's addresses, as in status.addresses of its Node")
	flags.StringVar(&k.listen, "listen", "", "address of a TLS server with the serving certificate")
	flags.BoolVar(&k.serving, "serving", false, "also request a serving certificate")
	if err := flags.Parse(arguments); err != nil || k.node == "" || k.kubeconfig == "" || k.certificateDirectory == "" {
		return fmt.Errorf("%w: kubelet -node NAME -kubeconfig FILE -cert-dir FOLDER", errUsage)
	}
	client, transport, whoami, err := k.clientManager()
	if err != nil {
		return err
	}
	go watchCertificate("client", client, whoami)
	client.Start()
	say("started", event{"node": k.node})
	if k.serving {
		// a kubelet has no Node, and with that no addresses to request a certificate for, before it can log in
		for client.Current() == nil {
			time.Sleep(lookEvery)
		}
		if err := k.startServing(transport); err != nil {
			return err
		}
	}
	select {}
}

// clientManager is what run() of the kubelet does with its kubeconfigs (cmd/kubelet/app/server.go, buildKubeletClientConfig).
func (k kubelet) clientManager() (
	certificate.Manager, *restclient.Config, func(*tls.Certificate) error, error,
) {
	loaded := withLogger(bootstrap.LoadClientConfig, k.kubeconfig, k.bootstrapKubeconfig, k.certificateDirectory)
	if err, failed := loaded[2].Interface().(error); failed {
		return nil, nil, nil, err
	}
	certConfig := loaded[0].Interface().(*restclient.Config)
	clientConfig := loaded[1].Interface().(*restclient.Config)
	manager, err := kubeletcertificate.NewKubeletClientCertificateManager(
		k.certificateDirectory,
		types.NodeName(k.node),
		clientConfig.CertData,
		clientConfig.KeyData,
		clientConfig.CertFile,
		clientConfig.KeyFile,
		func(current *tls.Certificate) (clientset.Interface, error) {
			if current != nil {
				return clientset.NewForConfig(clientConfig)
			}
			return clientset.NewForConfig(certConfig)
		},
	)
	if err != nil {
		return nil, nil, nil, err
	}
	transport := restclient.AnonymousClientConfig(clientConfig)
	// UpdateTransport moves the CA into a separate transport
	anonymous, err := restclient.TLSConfigFor(transport)
	if err != nil {
		return nil, nil, nil, err
	}
	whoami := func(current *tls.Certificate) error { return logIn(transport.Host, anonymous, current) }
	const exitAfter = 5 * time.Minute
	updated := withLogger(kubeletcertificate.UpdateTransport, (<-chan struct{})(wait.NeverStop), transport, manager, exitAfter)
	if err, failed := updated[1].Interface().(error); failed {
		return nil, nil, nil, err
	}
	return manager, transport, whoami, nil
}

// withLogger calls a function of the kubelet, which has a logger as its first parameter in newer releases.
func withLogger(function interface{}, arguments ...interface{}) []reflect.Value {
	called := reflect.ValueOf(function)
	values := []reflect.Value{}
	if called.Type().NumIn() > len(arguments) {
		values = append(values, reflect.Zero(called.Type().In(0)))
	}
	for _, argument := range arguments {
		values = append(values, reflect.ValueOf(argument))
	}
	return called.Call(values)
}

func (k kubelet) startServing(transport *restclient.Config) error {
	client, err := clientset.NewForConfig(transport)
	if err != nil {
		return err
	}
	none := &config.KubeletConfiguration{}
	manager, err := kubeletcertificate.NewKubeletServerCertificateManager(
		client, none, types.NodeName(k.node), k.readAddresses, k.certificateDirectory)
	if err != nil {
		return err
	}
	go watchCertificate("serving", manager, func(*tls.Certificate) error { return nil })
	manager.Start()
	if k.listen == "" {
		return nil
	}
	listener, err := net.Listen("tcp", k.listen)
	if err != nil {
		return err
	}
	go serve(listener, manager)
	return nil
}

// readAddresses is empty while the file is missing, as it is while a Node has no addresses.
func (k kubelet) readAddresses() []v1.NodeAddress {
	addresses := []v1.NodeAddress{}
	text, err := os.ReadFile(k.addresses)
	if err != nil || json.Unmarshal(text, &addresses) != nil {
		return nil
	}
	return addresses
}

// serve answers nothing but /healthz, on the kubelet's terms: TLS fails until there is a certificate.
func serve(listener net.Listener, manager certificate.Manager) {
	server := &http.Server{
		Handler: http.HandlerFunc(func(response http.ResponseWriter, _ *http.Request) { fmt.Fprintln(response, "ok") }),
		TLSConfig: &tls.Config{
			GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
				if current := manager.Current(); current != nil {
					return current, nil
				}
				return nil, fmt.Errorf("no serving certificate available for the kubelet")
			},
		},
	}
	say("ended", event{"error": server.ServeTLS(listener, "", "").Error()})
}

const lookEvery = 20 * time.Millisecond

// watchCertificate says when the manager has another certificate, and when it has none any more.
func watchCertificate(which string, manager certificate.Manager, use func(*tls.Certificate) error) {
	last := ""
	for {
		current := manager.Current()
		switch {
		case current == nil && last != "":
			say("gap", event{"which": which})
			last = ""
		case current != nil && last != fingerprint(current.Leaf):
			last = fingerprint(current.Leaf)
			say("certificate", describe(which, current))
			if err := use(current); err != nil {
				say("unusable", event{"which": which, "error": err.Error()})
			}
		}
		time.Sleep(lookEvery)
	}
}

func describe(which string, current *tls.Certificate) event {
	leaf := current.Leaf
	usages := []string{}
	for _, usage := range leaf.ExtKeyUsage {
		usages = append(usages, map[x509.ExtKeyUsage]string{
			x509.ExtKeyUsageClientAuth: "clientAuth",
			x509.ExtKeyUsageServerAuth: "serverAuth",
		}[usage])
	}
	names := append([]string{}, leaf.DNSNames...)
	for _, address := range leaf.IPAddresses {
		names = append(names, address.String())
	}
	return event{
		"which":     which,
		"serial":    leaf.SerialNumber.Text(16),
		"sha256":    fingerprint(leaf),
		"subject":   leaf.Subject.String(),
		"issuer":    leaf.Issuer.String(),
		"names":     names,
		"usages":    usages,
		"notBefore": leaf.NotBefore.UTC().Format(time.RFC3339),
		"notAfter":  leaf.NotAfter.UTC().Format(time.RFC3339),
		"chain":     len(current.Certificate),
	}
}

func fingerprint(leaf *x509.Certificate) string {
	digest := sha256.Sum256(leaf.Raw)
	return hex.EncodeToString(digest[:])
}

const (
	reviewPath = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
	review     = `{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}`
	mostResets = 3
)

// logIn asks the API server whom it takes the holder of this certificate for. Each question has its own connection:
// the kubelet's own connections keep the certificate before this one for up to ten seconds, until UpdateTransport closes
// them, and a question that they carry at that moment fails. A connection that is reset anyway, as by an API server
// that restarts, is opened again a few times, and counted. What the API server answers is never asked again.
func logIn(server string, anonymous *tls.Config, current *tls.Certificate) error {
	tlsConfig := anonymous.Clone()
	tlsConfig.Certificates = []tls.Certificate{*current}
	client := &http.Client{
		Timeout:   20 * time.Second,
		Transport: &http.Transport{TLSClientConfig: tlsConfig, DisableKeepAlives: true},
	}
	for resets := 0; ; resets++ {
		status, answer, err := ask(client, strings.TrimSuffix(server, "/")+reviewPath)
		switch {
		case errors.Is(err, syscall.ECONNRESET) && resets < mostResets:
			continue
		case err != nil:
			return fmt.Errorf("after %d resets: %w", resets, err)
		case status != http.StatusCreated:
			return fmt.Errorf("%d: %s", status, answer)
		}
		return loggedIn(answer, resets)
	}
}

func ask(client *http.Client, url string) (int, []byte, error) {
	response, err := client.Post(url, "application/json", strings.NewReader(review))
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}

func loggedIn(answer []byte, resets int) error {
	var said struct {
		Status struct {
			UserInfo struct {
				Username string
				Groups   []string
			}
		}
	}
	if err := json.Unmarshal(answer, &said); err != nil {
		return err
	}
	user := said.Status.UserInfo
	say("logged in", event{"which": "client", "user": user.Username, "groups": user.Groups, "resets": resets})
	return nil
}
