package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	clientset "k8s.io/client-go/kubernetes"
	restclient "k8s.io/client-go/rest"
)

const (
	followEvery = time.Second
	countEvery  = 5 * time.Second
	watchFor    = int64(60) // seconds; then the API server ends it
)

// runFollow lists and watches Namespaces as a program in a pod does: with the packages' own ideas about when the file with the
// API server's CA is read again. Each list needs another connection, because one that is open proves nothing.
func runFollow(arguments []string) error {
	flags := flag.NewFlagSet("follow", flag.ContinueOnError)
	kubeconfig := flags.String("kubeconfig", "", "instead of the service account of the pod")
	once := flags.Bool("once", false, "list once, and exit")
	if err := flags.Parse(arguments); err != nil || flags.NArg() > 0 {
		return fmt.Errorf("%w: follow [-kubeconfig FILE] [-once]", errUsage)
	}
	watcher, config, err := clientOf(*kubeconfig)
	if err != nil {
		return err
	}
	// the cache of transports keeps clients with other dialers apart, so that closing connections ends no watch
	own := restclient.CopyConfig(config)
	own.Dial = (&net.Dialer{Timeout: 10 * time.Second}).DialContext
	own.Timeout = 15 * time.Second
	lister, err := clientset.NewForConfig(own)
	if err != nil {
		return err
	}
	if *once {
		return list(lister)
	}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, syscall.SIGINT)
	var lists, watches int64
	go repeat("list", &lists, func() error { return list(lister) })
	go repeat("watch", &watches, func() error { return watchOnce(watcher) })
	counts := time.NewTicker(countEvery)
	for {
		select {
		case <-counts.C:
			say("counted", event{"lists": atomic.LoadInt64(&lists), "watches": atomic.LoadInt64(&watches)})
		case <-ended:
			return nil
		}
	}
}

// repeat counts what succeeds, and says what fails.
func repeat(what string, done *int64, try func() error) {
	for ; ; time.Sleep(followEvery) {
		if err := try(); err != nil {
			say("failed", event{"what": what, "error": err.Error()})
		} else {
			atomic.AddInt64(done, 1)
		}
	}
}

func list(client clientset.Interface) error {
	_, err := client.CoreV1().Namespaces().List(context.Background(), metav1.ListOptions{Limit: 1})
	if rest, ok := client.CoreV1().RESTClient().(*restclient.RESTClient); ok {
		utilnet.CloseIdleConnectionsFor(rest.Client.Transport)
	}
	return err
}

// watchOnce follows one namespace until the API server ends the watch.
func watchOnce(client clientset.Interface) error {
	seconds := watchFor
	watching, err := client.CoreV1().Namespaces().Watch(context.Background(), metav1.ListOptions{
		FieldSelector:  fields.OneTermEqualSelector("metadata.name", "default").String(),
		TimeoutSeconds: &seconds,
	})
	if err != nil {
		return err
	}
	defer watching.Stop()
	for range watching.ResultChan() {
	}
	return nil
}
