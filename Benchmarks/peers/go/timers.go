package main

import (
	"fmt"
	"strconv"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// timers hands init timers to the broker over one channel in confirm mode.
type timers struct {
	options  options
	channel  *amqp.Channel
	returns  chan amqp.Return
	mutex    sync.Mutex
	returned map[string]bool
}

func openTimers(connection *amqp.Connection, options options) (*timers, error) {
	channel, err := connection.Channel()
	if err != nil {
		return nil, err
	}
	if err := channel.Confirm(false); err != nil {
		return nil, err
	}
	// As many as can be in flight: a return that found no room would hold up the whole connection.
	returns := channel.NotifyReturn(make(chan amqp.Return, options.prefetch))
	return &timers{options: options, channel: channel, returns: returns, returned: map[string]bool{}}, nil
}

// arm returns when the broker has confirmed the timer and not returned it.
func (t *timers) arm(id int64, verify []byte) error {
	message := strconv.FormatInt(id, 10)
	confirmation, err := t.channel.PublishWithDeferredConfirm(t.options.exchange, t.options.initQueue, true, false, amqp.Publishing{
		ContentType: "application/json", DeliveryMode: amqp.Persistent, MessageId: message, Type: "verify",
		AppId: "peer", Timestamp: time.Now(), Headers: amqp.Table{"x-init-round": int64(1)}, Body: verify,
	})
	if err != nil {
		return err
	}
	if !confirmation.Wait() {
		return fmt.Errorf("the broker did not take the timer of build %d", id)
	}
	if t.wasReturned(message) {
		return fmt.Errorf("there is no queue %s", t.options.initQueue)
	}
	return nil
}

// wasReturned: the broker sends a return before the confirm, so it is in the channel by now, if there is one.
func (t *timers) wasReturned(message string) bool {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for {
		select {
		case back, open := <-t.returns:
			if !open {
				return true // the connection is gone, and with it what is known about the message
			}
			t.returned[back.MessageId] = true
		default:
			was := t.returned[message]
			delete(t.returned, message)
			return was
		}
	}
}
