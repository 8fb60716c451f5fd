package main

import (
	"encoding/json"
	"fmt"
)

// message is what the controller puts on the build queue. buildConfig is kept as it came, for the init timer.
type message struct {
	Job         string          `json:"job"`
	BuildConfig json.RawMessage `json:"buildConfig"`
}

// build is the part of a buildConfig that a pod is made of.
type build struct {
	BuildID    int64  `json:"buildId"`
	PipelineID int64  `json:"pipelineId"`
	JobName    string `json:"jobName"`
	APIURI     string `json:"apiUri"`
	Container  string `json:"container"`
	Token      string `json:"token"`
	Pipeline   struct {
		Name string `json:"name"`
	} `json:"pipeline"`
	Annotations map[string]any `json:"annotations"`
}

// parse returns the build of a start message, and the verify message that its init timer carries.
func parse(body []byte) (build, []byte, error) {
	var start message
	var config build
	if err := json.Unmarshal(body, &start); err != nil {
		return config, nil, err
	}
	if start.Job != "start" {
		return config, nil, fmt.Errorf("job is %q: the peer only starts builds", start.Job)
	}
	if err := json.Unmarshal(start.BuildConfig, &config); err != nil {
		return config, nil, err
	}
	if config.BuildID == 0 || config.Container == "" || config.Token == "" {
		return config, nil, fmt.Errorf("buildId, container or token is missing")
	}
	verify, err := json.Marshal(message{Job: "verify", BuildConfig: start.BuildConfig})
	return config, verify, err
}
