package main

import (
	"fmt"
	"strconv"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// timers hands init timers to the broker. Each delivery in flight borrows a channel of its own, on which nothing else is
// under way: what the channel reports next is about its message.
//
// Not PublishWithDeferredConfirm: in amqp091-go 1.5.0, Debian's, a confirm that arrives before the call has returned is
// lost, and the wait for it never ends.
type timers struct {
	options options
	idle    chan *lane
}

type lane struct {
	channel  *amqp.Channel
	confirms chan amqp.Confirmation
	returns  chan amqp.Return
}

func openTimers(connection *amqp.Connection, options options) (*timers, error) {
	t := &timers{options: options, idle: make(chan *lane, options.prefetch)}
	for number := 0; number < options.prefetch; number++ {
		channel, err := connection.Channel()
		if err != nil {
			return nil, err
		}
		if err := channel.Confirm(false); err != nil {
			return nil, err
		}
		t.idle <- &lane{
			channel:  channel,
			confirms: channel.NotifyPublish(make(chan amqp.Confirmation, 1)),
			returns:  channel.NotifyReturn(make(chan amqp.Return, 1)),
		}
	}
	return t, nil
}

// arm returns when the broker has confirmed the timer and not returned it.
func (t *timers) arm(id int64, verify []byte) error {
	lane := <-t.idle
	defer func() { t.idle <- lane }()
	err := lane.channel.Publish(t.options.exchange, t.options.initQueue, true, false, amqp.Publishing{
		ContentType: "application/json", DeliveryMode: amqp.Persistent, MessageId: strconv.FormatInt(id, 10), Type: "verify",
		AppId: "peer", Timestamp: time.Now(), Headers: amqp.Table{"x-init-round": int64(1)}, Body: verify,
	})
	if err != nil {
		return err
	}
	confirmation, open := <-lane.confirms
	if !open || !confirmation.Ack {
		return fmt.Errorf("the broker did not take the timer of build %d", id)
	}
	select {
	case <-lane.returns: // sent before the confirm, if at all
		return fmt.Errorf("there is no queue %s", t.options.initQueue)
	default:
		return nil
	}
}
