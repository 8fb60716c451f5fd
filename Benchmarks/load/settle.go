package main

import (
	"flag"
	"fmt"
	"syscall"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// settled is what consuming and acking cost: from the first delivery to the last ack on its way.
type settled struct {
	Messages   int     `json:"messages"`
	Seconds    float64 `json:"seconds"`
	CPUSeconds float64 `json:"cpuSeconds"`
}

// settle consumes and acks in the loop that receives, the fastest way of amqp091-go.
func settle(arguments []string) (any, error) {
	var queue string
	var count, prefetch int
	options("settle", arguments, func(set *flag.FlagSet) {
		set.StringVar(&queue, "queue", "", "which")
		set.IntVar(&count, "count", 0, "how many messages are in it")
		set.IntVar(&prefetch, "prefetch", 20, "unacked at a time")
	})
	var answer settled
	return &answer, withChannel(func(channel *amqp.Channel) error {
		if err := channel.Qos(prefetch, 0, false); err != nil {
			return err
		}
		deliveries, err := channel.Consume(queue, "", false, false, false, false, nil)
		if err != nil {
			return err
		}
		var started time.Time
		var cpu float64
		for delivery := range deliveries {
			if answer.Messages == 0 {
				started, cpu = time.Now(), processorSeconds()
			}
			if err := delivery.Ack(false); err != nil {
				return err
			}
			if answer.Messages++; answer.Messages == count {
				answer.Seconds, answer.CPUSeconds = time.Since(started).Seconds(), processorSeconds()-cpu
				return nil
			}
		}
		return fmt.Errorf("the broker ended the consumer after %d messages", answer.Messages)
	})
}

// processorSeconds is what this process has used so far, in user and system mode.
func processorSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err) // EFAULT and EINVAL are all there is
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}
