// Command load is the benchmark's other side: it fills queues, publishes builds at a pace, says how deep queues are, and
// loads the simulator with bare requests to see what that alone can do, and fills a namespace with pods.
//
// Every command prints one line of JSON. The broker's address is in AMQP_URL, the API server's token in K8S_TOKEN.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
)

const usage = `usage: load COMMAND [OPTION…]

  builds --queue Q --count N --first ID --api URL [--job JOB] [--rate R --seed S | --every DURATION]
           publishes N messages, start or stop, confirmed: as fast as the broker takes them, or R a second on average at random
           moments, or evenly. With a pace the answer has the moment of each publish
  fill --queue Q --count N --bytes B    publishes N messages of B bytes, confirmed, to a classic queue that it makes
  depths QUEUE…                         ready messages by queue
  purge QUEUE…                          empties them
  http --kubernetes URL --api URL --builds N --connections C
           makes the requests of N builds with no worker around them
  pods --url URL --manifest FILE --like ID --count N --first ID --connections C
           creates N pods like the one that the file describes, for builds of their own
  settle --queue Q --count N --prefetch P
           consumes and acks N messages: the Go side of the comparison of consumers alone
`

func main() {
	if len(os.Args) < 2 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(64)
	}
	commands := map[string]func([]string) (any, error){
		"builds": publishBuilds, "fill": fill, "depths": depths, "purge": purge, "http": loadHTTP, "pods": createPods, "settle": settle,
	}
	command, known := commands[os.Args[1]]
	if !known {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(64)
	}
	answer, err := command(os.Args[2:])
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(answer)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "load %s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
}

// options parses a command's options; wrong ones end the program.
func options(name string, arguments []string, declare func(*flag.FlagSet)) *flag.FlagSet {
	set := flag.NewFlagSet("load "+name, flag.ExitOnError)
	declare(set)
	if err := set.Parse(arguments); err != nil {
		os.Exit(64) // not reached: ExitOnError
	}
	return set
}
