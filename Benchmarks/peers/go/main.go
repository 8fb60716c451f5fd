// Command peer is what a Go programmer would write instead of the worker: amqp091-go, net/http, one goroutine a delivery.
//
// It keeps the promises that the benchmark is about, and no others: a start message is acked after its pod was created and
// looked at, its init timer is held by the broker (mandatory, confirmed) and the build API was told. Whatever fails goes
// to the wait queue. It has no circuit breaker, crash ledger, parking, verification, status page or metrics.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	log.SetFlags(log.LstdFlags | log.Lmicroseconds | log.LUTC)
	options, err := optionsFromEnvironment()
	if err != nil {
		log.Print(err)
		os.Exit(78)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	newConsumer(options).run(ctx)
}
