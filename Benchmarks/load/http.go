package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// loaded says how fast the simulator answered when nobody but this program asked.
type loaded struct {
	Requests int     `json:"requests"`
	Seconds  float64 `json:"seconds"`
}

// loadHTTP makes the three requests of each build, its pod's description and nothing else thought about.
func loadHTTP(arguments []string) (any, error) {
	var kubernetes, api string
	var builds, connections int
	options("http", arguments, func(set *flag.FlagSet) {
		set.StringVar(&kubernetes, "kubernetes", "", "address of the API server")
		set.StringVar(&api, "api", "", "address of the build API")
		set.IntVar(&builds, "builds", 1000, "how many")
		set.IntVar(&connections, "connections", 20, "at the same time")
	})
	started := time.Now()
	err := inParallel(connections, 1, int64(builds), func(client *http.Client, id int64) error {
		return requestsOf(client, kubernetes, api, id)
	})
	return loaded{Requests: 3 * builds, Seconds: time.Since(started).Seconds()}, err
}

// inParallel calls body for each of count ids, over as many connections. It ends early where one fails.
func inParallel(connections int, first, count int64, body func(*http.Client, int64) error) error {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	transport.MaxIdleConnsPerHost = connections
	client := &http.Client{Transport: transport, Timeout: 30 * time.Second}
	ids := make(chan int64)
	failures := make(chan error, connections)
	var working sync.WaitGroup
	for worker := 0; worker < connections; worker++ {
		working.Add(1)
		go func() {
			defer working.Done()
			for id := range ids {
				if err := body(client, id); err != nil {
					failures <- err
					for range ids { // the others' numbers must still be taken
					}
					return
				}
			}
		}()
	}
	for id := first; id < first+count; id++ {
		ids <- id
	}
	close(ids)
	working.Wait()
	select {
	case err := <-failures:
		return err
	default:
		return nil
	}
}

func requestsOf(client *http.Client, kubernetes, api string, id int64) error {
	pods := kubernetes + "/api/v1/namespaces/builds/pods"
	pod := fmt.Sprintf(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"load-%d","labels":{"sdbuild":"%d"}},`+
		`"spec":{"containers":[{"name":"%d","image":"node:20"}]}}`, id, id, id)
	if err := request(client, http.MethodPost, pods, "load", pod, http.StatusCreated); err != nil {
		return err
	}
	if err := request(client, http.MethodGet, fmt.Sprintf("%s/load-%d/status", pods, id), "load", "", http.StatusOK); err != nil {
		return err
	}
	return request(client, http.MethodPut, fmt.Sprintf("%s/v4/builds/%d", api, id), buildToken(id), `{"statusMessage":"Waiting"}`, http.StatusOK)
}

func request(client *http.Client, method, url, token, body string, expected int) error {
	request, err := http.NewRequest(method, url, bytes.NewReader([]byte(body)))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != expected {
		return fmt.Errorf("%s %s: %d", method, url, response.StatusCode)
	}
	return nil
}
