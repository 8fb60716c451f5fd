package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// services are the API server and the build API, over connections that are kept.
type services struct {
	options options
	client  *http.Client
}

// observed is what an answer of the API server says about a pod.
type observed struct {
	Metadata metadata `json:"metadata"`
	Spec     struct {
		NodeName string `json:"nodeName"`
	} `json:"spec"`
	Status struct {
		Phase string `json:"phase"`
	} `json:"status"`
}

func newServices(options options) *services {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	transport.MaxIdleConnsPerHost = options.prefetch
	return &services{options, &http.Client{Transport: transport, Timeout: 10 * time.Second}}
}

// ensurePod creates the pod of a build, or finds the one that an earlier delivery made, and looks at it.
func (s *services) ensurePod(ctx context.Context, b build) (observed, error) {
	wanted := podFor(b)
	pods := s.options.kubernetes + "/api/v1/namespaces/" + s.options.namespace + "/pods"
	var seen observed
	status, err := s.exchange(ctx, http.MethodPost, pods, s.options.token, wanted, &seen)
	if err != nil {
		return seen, err
	}
	if status != http.StatusCreated && status != http.StatusConflict {
		return seen, fmt.Errorf("create pod: %d", status)
	}
	if s.options.looksAgain || status == http.StatusConflict {
		status, err = s.exchange(ctx, http.MethodGet, pods+"/"+wanted.Metadata.Name+"/status", s.options.token, nil, &seen)
		if err != nil {
			return seen, err
		}
		if status != http.StatusOK {
			return seen, fmt.Errorf("get pod: %d", status)
		}
	}
	switch {
	case seen.Metadata.DeletionTimestamp != nil:
		return seen, fmt.Errorf("the pod is terminating")
	case seen.Status.Phase == "Pending", seen.Status.Phase == "Running", seen.Status.Phase == "Succeeded":
		return seen, nil
	default:
		return seen, fmt.Errorf("the pod's phase is %q", seen.Status.Phase)
	}
}

// note tells the build API where a build is.
func (s *services) note(ctx context.Context, b build, seen observed) error {
	update := map[string]any{"statusMessage": "Waiting for resources to be available."}
	if seen.Spec.NodeName != "" {
		update = map[string]any{"stats": map[string]string{
			"hostname": seen.Spec.NodeName, "imagePullStartTime": time.Now().UTC().Format(time.RFC3339Nano),
		}}
	}
	var answer struct {
		Status string `json:"status"`
	}
	status, err := s.exchange(ctx, http.MethodPut, fmt.Sprintf("%s/v4/builds/%d", s.options.api, b.BuildID), b.Token, update, &answer)
	if err != nil {
		return err
	}
	if status/100 != 2 {
		return fmt.Errorf("update build: %d", status)
	}
	return nil
}

// exchange makes one request, and reads a JSON answer where it succeeded.
func (s *services) exchange(ctx context.Context, method, url, token string, body, answer any) (int, error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return 0, err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, url, content)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	response, err := s.client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body) // to its end, or the connection is not used again
	if err != nil {
		return 0, err
	}
	if response.StatusCode/100 == 2 {
		err = json.Unmarshal(text, answer)
	}
	return response.StatusCode, err
}
