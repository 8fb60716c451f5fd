package main

import (
	"context"
	"errors"
	"log"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// consumer takes start messages until it is told to end, and connects again when the broker was away.
type consumer struct {
	options  options
	services *services
}

func newConsumer(options options) *consumer { return &consumer{options, newServices(options)} }

func (c *consumer) run(ctx context.Context) {
	pause := time.Second
	for ctx.Err() == nil {
		started := time.Now()
		err := c.session(ctx)
		if ctx.Err() != nil {
			return
		}
		if time.Since(started) > time.Minute {
			pause = time.Second
		}
		log.Printf("disconnected: %v; next attempt in %v", err, pause)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
		if pause *= 2; pause > 30*time.Second {
			pause = 30 * time.Second
		}
	}
}

// session lasts as long as its two connections: one consumes, one publishes, since a memory alarm stops the broker
// reading from those that publish.
func (c *consumer) session(ctx context.Context) error {
	config := amqp.Config{Heartbeat: 20 * time.Second, Properties: amqp.Table{"connection_name": "go peer"}}
	consuming, err := amqp.DialConfig(c.options.broker, config)
	if err != nil {
		return err
	}
	defer consuming.Close()
	publishing, err := amqp.DialConfig(c.options.broker, config)
	if err != nil {
		return err
	}
	defer publishing.Close()
	timers, err := openTimers(publishing, c.options)
	if err != nil {
		return err
	}
	channel, err := consuming.Channel()
	if err != nil {
		return err
	}
	if err := channel.Qos(c.options.prefetch, 0, false); err != nil {
		return err
	}
	const tag = "peer"
	deliveries, err := channel.Consume(c.options.queue, tag, false, false, false, false, nil)
	if err != nil {
		return err
	}
	publishingLost := publishing.NotifyClose(make(chan *amqp.Error, 1))
	log.Printf("waiting for messages in %s", c.options.queue)

	var inHand sync.WaitGroup
	defer inHand.Wait()
	for {
		select {
		case <-ctx.Done():
			if err := channel.Cancel(tag, false); err != nil {
				return err
			}
			inHand.Wait()
			return nil
		case lost := <-publishingLost:
			return lost
		case delivery, open := <-deliveries:
			if !open {
				return errors.New("the broker ended the consumer")
			}
			inHand.Add(1)
			go func() {
				defer inHand.Done()
				c.settle(delivery, timers)
			}()
		}
	}
}

// settle acks what is done, and sends everything else to the wait queue.
func (c *consumer) settle(delivery amqp.Delivery, timers *timers) {
	err := c.start(delivery, timers)
	if err == nil {
		err = delivery.Ack(false)
	} else {
		log.Printf("a build goes back: %v", err)
		err = delivery.Nack(false, false)
	}
	if err != nil {
		log.Printf("not settled, so the broker delivers it again: %v", err)
	}
}

// start does what is owed for a start message. Not bound to the signal: what was begun is finished.
func (c *consumer) start(delivery amqp.Delivery, timers *timers) error {
	ctx := context.Background()
	build, verify, err := parse(delivery.Body)
	if err != nil {
		return err
	}
	seen, err := c.services.ensurePod(ctx, build)
	if err != nil {
		return err
	}
	if err := timers.arm(build.BuildID, verify); err != nil {
		return err
	}
	if err := c.services.note(ctx, build, seen); err != nil {
		return err
	}
	log.Printf("build %d has pod %s", build.BuildID, seen.Metadata.Name)
	return nil
}
