package main

import (
	"fmt"
	"net/url"
	"os"
	"strconv"
)

// options are the worker's own variables, as far as the peer has a use for them.
type options struct {
	broker     string // amqp://user:password@host:port/vhost
	exchange   string
	queue      string
	initQueue  string
	prefetch   int
	kubernetes string // with a scheme, no trailing slash
	namespace  string
	token      string
	api        string // where notes go
	looksAgain bool   // GET the pod's status, or read it from the answer to its creation
}

func optionsFromEnvironment() (options, error) {
	prefetch, err := strconv.Atoi(variable("RABBITMQ_PREFETCH_COUNT", "20"))
	if err != nil || prefetch < 1 || prefetch > 65535 {
		return options{}, fmt.Errorf("RABBITMQ_PREFETCH_COUNT is not a number from 1 to 65535")
	}
	look := variable("PEER_LOOK", "request")
	if look != "request" && look != "answer" {
		return options{}, fmt.Errorf("PEER_LOOK is request or answer, not %q", look)
	}
	broker := url.URL{
		Scheme: "amqp",
		User:   url.UserPassword(os.Getenv("RABBITMQ_USERNAME"), os.Getenv("RABBITMQ_PASSWORD")),
		Host:   os.Getenv("RABBITMQ_HOST") + ":" + variable("RABBITMQ_PORT", "5672"),
		Path:   variable("RABBITMQ_VIRTUAL_HOST", "/"),
	}
	return options{
		broker:     broker.String(),
		exchange:   variable("RABBITMQ_EXCHANGE", "build"),
		queue:      os.Getenv("RABBITMQ_QUEUE"),
		initQueue:  os.Getenv("RABBITMQ_RETRYQUEUE") + ".init",
		prefetch:   prefetch,
		kubernetes: os.Getenv("K8S_HOST"),
		namespace:  variable("K8S_JOBS_NAMESPACE", "default"),
		token:      os.Getenv("K8S_TOKEN"),
		api:        os.Getenv("ECOSYSTEM_API"),
		looksAgain: look == "request",
	}, nil
}

func variable(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}
