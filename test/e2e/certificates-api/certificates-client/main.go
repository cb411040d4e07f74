// certificates-client does with the certificates API what other programs do with it:
//
//	certificates-client kubelet      a kubelet's own certificate managers, with everything else of a kubelet left out
//	certificates-client conformance  Kubernetes' end-to-end test "should support building a client with a CSR"
//	certificates-client durations    Kubernetes' table of requested and granted durations
//	certificates-client flood        many CSRs of invented nodes
//	certificates-client scrape       the connection of metrics-server to kubelets
//	certificates-client follow       lists and watches, as a program in a pod
//
// It is compiled once for each release of Kubernetes, with the packages of that release (test/tools/kubernetes.sh), so it
// must compile with Go 1.16. Standard output has one JSON document a line; what Kubernetes' packages log is on standard
// error. Exit code 1: what was to be shown is not so. 2: wrong arguments.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"sync"
	"time"

	clientset "k8s.io/client-go/kubernetes"
	restclient "k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

var errUsage = errors.New("usage")

func main() {
	logTo(os.Stderr)
	commands := map[string]func([]string) error{
		"kubelet":     runKubelet,
		"conformance": runConformance,
		"durations":   runDurations,
		"flood":       runFlood,
		"scrape":      runScrape,
		"follow":      runFollow,
	}
	var run func([]string) error
	if len(os.Args) > 1 {
		run = commands[os.Args[1]]
	}
	if run == nil {
		fmt.Fprintln(os.Stderr, "usage: certificates-client kubelet|conformance|durations|flood|scrape|follow")
		os.Exit(2)
	}
	err := run(os.Args[2:])
	if errors.Is(err, errUsage) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "certificates-client:", err)
		os.Exit(1)
	}
}

// logTo shows what the certificate managers log: which CSR they wait for, and when they rotate.
func logTo(file *os.File) {
	flags := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(flags)
	_ = flags.Set("v", "2")
	klog.SetOutput(file)
}

var output sync.Mutex

// event is a line of output.
type event map[string]interface{}

func say(name string, more event) {
	line := event{"event": name, "at": time.Now().UTC().Format(time.RFC3339Nano)}
	for key, value := range more {
		line[key] = value
	}
	output.Lock()
	defer output.Unlock()
	_ = json.NewEncoder(os.Stdout).Encode(line)
}

func configOf(kubeconfig string) (*restclient.Config, error) {
	return clientcmd.BuildConfigFromFlags("", kubeconfig)
}

func clientOf(kubeconfig string) (clientset.Interface, *restclient.Config, error) {
	config, err := configOf(kubeconfig)
	if err != nil {
		return nil, nil, err
	}
	client, err := clientset.NewForConfig(config)
	return client, config, err
}
