package main

import (
	"encoding/json"
	"flag"
	"math/rand"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// published is the answer of the commands that publish. Moments are microseconds since 1970, one a message.
type published struct {
	Published int     `json:"published"`
	Moments   []int64 `json:"moments,omitempty"`
}

// buildMessage has the size and the members of one that a controller sends.
func buildMessage(job string, id int64, api string) ([]byte, error) {
	return json.Marshal(map[string]any{
		"job": job,
		"buildConfig": map[string]any{
			"buildId": id, "jobId": id + 90_000, "eventId": id + 50_000, "pipelineId": 12_345,
			"jobName": "main", "jobState": "ENABLED", "jobArchived": false, "isPR": false,
			"pipeline":    map[string]any{"id": 12_345, "name": "acme/checkout-service", "scmContext": "github:github.com"},
			"annotations": map[string]any{"screwdriver.cd/cpu": "LOW", "screwdriver.cd/ram": "LOW", "screwdriver.cd/timeout": 60},
			"blockedBy":   []int64{id + 90_000}, "freezeWindows": []string{},
			"apiUri": api, "container": "node:20", "token": buildToken(id),
		},
	})
}

func publishBuilds(arguments []string) (any, error) {
	var queue, job, api string
	var count int
	var first, seed int64
	var rate float64
	var every time.Duration
	options("builds", arguments, func(set *flag.FlagSet) {
		set.StringVar(&queue, "queue", "builds", "the build queue")
		set.StringVar(&job, "job", "start", "or stop")
		set.StringVar(&api, "api", "", "address of the build API")
		set.IntVar(&count, "count", 0, "how many")
		set.Int64Var(&first, "first", 1, "the first build's id; the others follow")
		set.Int64Var(&seed, "seed", 1, "what the moments are drawn from")
		set.Float64Var(&rate, "rate", 0, "builds a second on average, at random moments; 0: no pace")
		set.DurationVar(&every, "every", 0, "one build every so often; 0: no pace")
	})
	random := rand.New(rand.NewSource(seed))
	answer := published{}
	err := withChannel(func(channel *amqp.Channel) error {
		publisher, err := newPublisher(channel, 256)
		if err != nil {
			return err
		}
		due := time.Now()
		for index := int64(0); index < int64(count); index++ {
			body, err := buildMessage(job, first+index, api)
			if err != nil {
				return err
			}
			// Arrivals do not wait for what was published before (an open loop): a slow consumer gets no fewer of them.
			if rate > 0 {
				due = due.Add(time.Duration(random.ExpFloat64() / rate * float64(time.Second)))
			} else {
				due = due.Add(every)
			}
			if rate > 0 || every > 0 {
				time.Sleep(time.Until(due))
				answer.Moments = append(answer.Moments, time.Now().UnixMicro())
			}
			message := amqp.Publishing{ContentType: "application/json", DeliveryMode: amqp.Persistent, Body: body}
			if err := publisher.publish("", queue, message); err != nil {
				return err
			}
			answer.Published++
		}
		return publisher.finish()
	})
	return answer, err
}

func fill(arguments []string) (any, error) {
	var queue string
	var count, size int
	options("fill", arguments, func(set *flag.FlagSet) {
		set.StringVar(&queue, "queue", "", "where to")
		set.IntVar(&count, "count", 0, "how many")
		set.IntVar(&size, "bytes", 1024, "bytes of each")
	})
	return published{Published: count}, withChannel(func(channel *amqp.Channel) error {
		if _, err := channel.QueueDeclare(queue, true, false, false, false, nil); err != nil {
			return err
		}
		publisher, err := newPublisher(channel, 1000)
		if err != nil {
			return err
		}
		body := []byte(strings.Repeat("x", size))
		for index := 0; index < count; index++ {
			if err := publisher.publish("", queue, amqp.Publishing{DeliveryMode: amqp.Persistent, Body: body}); err != nil {
				return err
			}
		}
		return publisher.finish()
	})
}
