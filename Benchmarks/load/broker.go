package main

import (
	"errors"
	"fmt"
	"os"

	amqp "github.com/rabbitmq/amqp091-go"
)

// withChannel opens a connection for the time of a command.
func withChannel(body func(*amqp.Channel) error) error {
	connection, err := amqp.Dial(os.Getenv("AMQP_URL"))
	if err != nil {
		return err
	}
	defer connection.Close()
	channel, err := connection.Channel()
	if err != nil {
		return err
	}
	return body(channel)
}

// publisher publishes in confirm mode with a bounded number of messages on their way.
type publisher struct {
	channel *amqp.Channel
	window  chan *amqp.DeferredConfirmation
	failed  chan error
	done    chan struct{}
	returns chan amqp.Return
}

func newPublisher(channel *amqp.Channel, inFlight int) (*publisher, error) {
	if err := channel.Confirm(false); err != nil {
		return nil, err
	}
	p := &publisher{
		channel: channel, window: make(chan *amqp.DeferredConfirmation, inFlight), failed: make(chan error, 1), done: make(chan struct{}),
		returns: channel.NotifyReturn(make(chan amqp.Return, inFlight+1)),
	}
	go p.awaitConfirms()
	return p, nil
}

func (p *publisher) awaitConfirms() {
	defer close(p.done)
	for confirmation := range p.window {
		if !confirmation.Wait() {
			select {
			case p.failed <- errors.New("the broker did not take a message"):
			default: // one reason is enough
			}
		}
	}
}

func (p *publisher) publish(exchange, key string, message amqp.Publishing) error {
	confirmation, err := p.channel.PublishWithDeferredConfirm(exchange, key, true, false, message)
	if err != nil {
		return err
	}
	select {
	case p.window <- confirmation:
		return nil
	case back := <-p.returns:
		return fmt.Errorf("returned: %s: %s", back.RoutingKey, back.ReplyText)
	}
}

// finish waits for the last confirm.
func (p *publisher) finish() error {
	close(p.window)
	<-p.done
	select {
	case err := <-p.failed:
		return err
	case back := <-p.returns:
		return fmt.Errorf("returned: %s: %s", back.RoutingKey, back.ReplyText)
	default:
		return nil
	}
}

func depths(queues []string) (any, error) {
	found := map[string]int{}
	return found, withChannel(func(channel *amqp.Channel) error {
		for _, name := range queues {
			queue, err := channel.QueueDeclarePassive(name, true, false, false, false, nil)
			if err != nil {
				return err
			}
			found[name] = queue.Messages
		}
		return nil
	})
}

func purge(queues []string) (any, error) {
	removed := map[string]int{}
	return removed, withChannel(func(channel *amqp.Channel) error {
		for _, name := range queues {
			count, err := channel.QueuePurge(name, false)
			if err != nil {
				return err
			}
			removed[name] = count
		}
		return nil
	})
}
