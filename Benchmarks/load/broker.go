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
//
// Not by PublishWithDeferredConfirm: in amqp091-go 1.5.0 a confirm that arrives before the call has returned is lost.
type publisher struct {
	channel *amqp.Channel
	room    chan struct{} // one for each message on its way
	refused chan error
	returns chan amqp.Return
}

func newPublisher(channel *amqp.Channel, inFlight int) (*publisher, error) {
	if err := channel.Confirm(false); err != nil {
		return nil, err
	}
	p := &publisher{
		channel: channel, room: make(chan struct{}, inFlight), refused: make(chan error, 1),
		returns: channel.NotifyReturn(make(chan amqp.Return, inFlight)),
	}
	go p.take(channel.NotifyPublish(make(chan amqp.Confirmation, inFlight)))
	return p, nil
}

// take makes room for each message that the broker took, and ends at the first that it did not.
func (p *publisher) take(confirms <-chan amqp.Confirmation) {
	for confirmation := range confirms {
		if !confirmation.Ack {
			p.refused <- errors.New("the broker refused a message")
			return
		}
		<-p.room
	}
	p.refused <- errors.New("the channel was closed")
}

func (p *publisher) publish(exchange, key string, message amqp.Publishing) error {
	if err := p.awaitRoom(); err != nil {
		return err
	}
	return p.channel.Publish(exchange, key, true, false, message)
}

// finish waits for the last confirm: when there is room for as many as there can be, none is on its way.
func (p *publisher) finish() error {
	for free := 0; free < cap(p.room); free++ {
		if err := p.awaitRoom(); err != nil {
			return err
		}
	}
	return nil
}

func (p *publisher) awaitRoom() error {
	select {
	case p.room <- struct{}{}:
		return nil
	case err := <-p.refused:
		return err
	case back := <-p.returns:
		return fmt.Errorf("returned: %s: %s", back.RoutingKey, back.ReplyText)
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
