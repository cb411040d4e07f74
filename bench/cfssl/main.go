// Signs CSRs in turn with cfssl's own packages, so that its CPU time can be measured beside Cakeless's: its local signer, as a
// library, and the handler of `cfssl serve`. Commands come on standard input, one on each line: `sign N` signs N times
// and prints the CPU microseconds of the process, `cpu` prints those so far. The first line that is printed is the
// address of the handler.
package main

import (
	"bufio"
	"encoding/pem"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"github.com/cloudflare/cfssl/api/signhandler"
	"github.com/cloudflare/cfssl/config"
	"github.com/cloudflare/cfssl/log"
	"github.com/cloudflare/cfssl/signer"
	"github.com/cloudflare/cfssl/signer/local"
)

func main() {
	ca := flag.String("ca", "", "CA certificate, PEM")
	caKey := flag.String("ca-key", "", "CA key, PEM")
	csrs := flag.String("csrs", "", "CSRs, PEM")
	flag.Parse()
	log.Level = log.LevelError // cfssl serve prints three lines for each certificate
	s, err := local.NewSignerFromFile(*ca, *caKey, policy())
	check(err)
	requests := readRequests(*csrs)
	fmt.Println(serve(s))
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		count := 0
		fmt.Sscanf(lines.Text(), "sign %d", &count)
		before := cpu()
		for i := 0; i < count; i++ {
			_, err := s.Sign(signer.SignRequest{Request: requests[i%len(requests)]})
			check(err)
		}
		if count == 0 {
			before = 0
		}
		fmt.Println(cpu() - before)
	}
}

// The same usages and validity as those of an API server's certificate. Names and subject are copied from the CSR.
func policy() *config.Signing {
	profile := config.DefaultConfig()
	profile.Usage = []string{"signing", "server auth"}
	profile.Expiry = 365 * 24 * time.Hour
	profile.ExpiryString = "8760h"
	return &config.Signing{Default: profile}
}

func readRequests(file string) []string {
	var requests []string
	rest, err := os.ReadFile(file)
	check(err)
	for len(rest) > 0 {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block != nil {
			requests = append(requests, string(pem.EncodeToMemory(block)))
		}
	}
	return requests
}

func serve(s signer.Signer) string {
	handler, err := signhandler.NewHandlerFromSigner(s)
	check(err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	mux := http.NewServeMux()
	mux.Handle("/api/v1/cfssl/sign", handler)
	go func() { check(http.Serve(listener, mux)) }()
	return listener.Addr().String()
}

// CPU microseconds of all threads, user and system.
func cpu() int64 {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return (usage.Utime.Nano() + usage.Stime.Nano()) / 1000
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
