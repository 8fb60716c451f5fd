package main

import (
	"flag"
	"net/http"
	"os"
	"strconv"
	"strings"
)

// created says how many pods were made.
type created struct {
	Pods int64 `json:"pods"`
}

// createPods fills a namespace with pods of other builds, as one worker would have made them: the manifest has the id of one build and
// the word TOKEN, and both become each build's own.
func createPods(arguments []string) (any, error) {
	var url, manifest string
	var like, first, count int64
	var connections int
	options("pods", arguments, func(set *flag.FlagSet) {
		set.StringVar(&url, "url", "", "address of the namespace's pods")
		set.StringVar(&manifest, "manifest", "", "file with the pod")
		set.Int64Var(&like, "like", 0, "the build that it is for")
		set.Int64Var(&first, "first", 1, "the first build's id; the others follow")
		set.Int64Var(&count, "count", 0, "how many")
		set.IntVar(&connections, "connections", 50, "at the same time")
	})
	document, err := os.ReadFile(manifest)
	if err != nil {
		return nil, err
	}
	token := os.Getenv("K8S_TOKEN")
	return created{Pods: count}, inParallel(connections, first, count, func(client *http.Client, id int64) error {
		pod := strings.NewReplacer(strconv.FormatInt(like, 10), strconv.FormatInt(id, 10), "TOKEN", buildToken(id)).Replace(string(document))
		return request(client, http.MethodPost, url, token, pod, http.StatusCreated)
	})
}
