package main

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
)

// The fields of a pod that this peer sets. The types of k8s.io/api would do the same with more of them.
type pod struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Metadata   metadata `json:"metadata"`
	Spec       podSpec  `json:"spec"`
}

type metadata struct {
	Name              string            `json:"name"`
	Labels            map[string]string `json:"labels,omitempty"`
	DeletionTimestamp *string           `json:"deletionTimestamp,omitempty"`
}

type podSpec struct {
	ServiceAccountName            string      `json:"serviceAccountName"`
	AutomountServiceAccountToken  bool        `json:"automountServiceAccountToken"`
	TerminationGracePeriodSeconds int         `json:"terminationGracePeriodSeconds"`
	RestartPolicy                 string      `json:"restartPolicy"`
	DNSPolicy                     string      `json:"dnsPolicy"`
	InitContainers                []container `json:"initContainers"`
	Containers                    []container `json:"containers"`
	Volumes                       []volume    `json:"volumes"`
}

type container struct {
	Name            string           `json:"name"`
	Image           string           `json:"image"`
	ImagePullPolicy string           `json:"imagePullPolicy,omitempty"`
	SecurityContext *securityContext `json:"securityContext,omitempty"`
	Resources       *resources       `json:"resources,omitempty"`
	Env             []variableOfPod  `json:"env,omitempty"`
	Command         []string         `json:"command"`
	Args            []string         `json:"args,omitempty"`
	VolumeMounts    []mount          `json:"volumeMounts"`
}

type securityContext struct {
	Privileged bool `json:"privileged"`
}

type resources struct {
	Limits map[string]string `json:"limits"`
}

type variableOfPod struct {
	Name      string         `json:"name"`
	Value     *string        `json:"value,omitempty"`
	ValueFrom map[string]any `json:"valueFrom,omitempty"`
}

type mount struct {
	Name      string `json:"name"`
	MountPath string `json:"mountPath"`
	ReadOnly  bool   `json:"readOnly,omitempty"`
}

type volume struct {
	Name        string         `json:"name"`
	DownwardAPI map[string]any `json:"downwardAPI,omitempty"`
	HostPath    *hostPath      `json:"hostPath,omitempty"`
	EmptyDir    *struct{}      `json:"emptyDir,omitempty"`
}

type hostPath struct {
	Path string `json:"path"`
	Type string `json:"type"`
}

const launcherCommand = "echo launcher_start_ts:`date \"+%s\"` > /workspace/metrics && if ! [ -f /opt/launcher/launch ]; then " +
	"TEMP_DIR=`mktemp -d -p /opt/launcher` && cp -a /opt/sd/* $TEMP_DIR && mkdir -p $TEMP_DIR/hab && cp -a /hab/. $TEMP_DIR/hab && " +
	"mv -fn $TEMP_DIR/* /opt/launcher && rm -rf $TEMP_DIR || true; else ls /opt/launcher; fi; " +
	"echo launcher_end_ts:`date \"+%s\"` >> /workspace/metrics"

// podName is a function of the build, so that a second delivery finds the first one's pod.
func podName(id string) string {
	const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"
	hash := fnv.New64a()
	hash.Write([]byte(id)) // never fails, by its documentation
	rest := hash.Sum64()
	suffix := make([]byte, 5)
	for index := range suffix {
		suffix[index] = alphabet[rest%uint64(len(alphabet))]
		rest /= uint64(len(alphabet))
	}
	return id + "-" + string(suffix)
}

func plain(name, value string) variableOfPod { return variableOfPod{Name: name, Value: &value} }

// podFor describes the same pod as the worker does with its default configuration.
func podFor(b build) pod {
	id := strconv.FormatInt(b.BuildID, 10)
	timeout := fmt.Sprint(b.Annotations["screwdriver.cd/timeout"])
	field := func(path string) map[string]any {
		return map[string]any{"fieldRef": map[string]string{"fieldPath": path}}
	}
	limit := func(name string) map[string]any {
		return map[string]any{"resourceFieldRef": map[string]string{"containerName": id, "resource": name}}
	}
	return pod{
		APIVersion: "v1", Kind: "Pod",
		Metadata: metadata{Name: podName(id), Labels: map[string]string{
			"app": "screwdriver", "tier": "builds", "sdbuild": id,
			"screwdriver.cd/pipeline": strings.ReplaceAll(b.Pipeline.Name, "/", "."), "screwdriver.cd/job": b.JobName,
			"screwdriver.cd/cpu": "2", "screwdriver.cd/memory": "2", "screwdriver.cd/disk": "LOW",
		}},
		Spec: podSpec{
			ServiceAccountName: "default", TerminationGracePeriodSeconds: 60, RestartPolicy: "Never", DNSPolicy: "ClusterFirst",
			Containers: []container{{
				Name: id, Image: b.Container, ImagePullPolicy: "Always", SecurityContext: &securityContext{},
				Resources: &resources{Limits: map[string]string{"cpu": "2000m", "memory": "2Gi"}},
				Env: []variableOfPod{
					plain("SD_HAB_ENABLED", "true"), plain("SD_RUNTIME_CLASS", ""), plain("SD_PUSHGATEWAY_URL", ""),
					plain("SD_TERMINATION_GRACE_PERIOD_SECONDS", "60"), plain("CONTAINER_IMAGE", b.Container),
					plain("SD_PIPELINE_ID", strconv.FormatInt(b.PipelineID, 10)), plain("SD_BUILD_PREFIX", ""),
					{Name: "NODE_ID", ValueFrom: field("spec.nodeName")},
					plain("SD_BASE_COMMAND_PATH", "/sd/commands/"), plain("SD_TEMP", "/opt/sd_tmp"),
					{Name: "CONTAINER_CPU_LIMIT", ValueFrom: limit("limits.cpu")},
					{Name: "CONTAINER_MEMORY_LIMIT", ValueFrom: limit("limits.memory")},
				},
				Command: []string{"/opt/sd/launcher_entrypoint.sh"},
				Args: []string{fmt.Sprintf("/opt/sd/run.sh %q \"https://api.screwdriver.cd\" \"https://store.screwdriver.cd\" %q %q \"https://cd.screwdriver.cd\"\n",
					b.Token, timeout, id)},
				VolumeMounts: []mount{
					{Name: "podinfo", MountPath: "/etc/podinfo", ReadOnly: true}, {Name: "screwdriver", MountPath: "/opt/sd", ReadOnly: true},
					{Name: "sdtemp", MountPath: "/opt/sd_tmp"}, {Name: "workspace", MountPath: "/workspace"},
				},
			}},
			InitContainers: []container{{
				Name: "launcher-" + id, Image: "screwdrivercd/launcher:stable", Command: []string{"/bin/sh", "-c", launcherCommand},
				VolumeMounts: []mount{{Name: "screwdriver", MountPath: "/opt/launcher"}, {Name: "workspace", MountPath: "/workspace"}},
			}},
			Volumes: []volume{
				{Name: "podinfo", DownwardAPI: map[string]any{"items": []map[string]any{
					{"path": "labels", "fieldRef": map[string]string{"fieldPath": "metadata.labels"}},
					{"path": "annotations", "fieldRef": map[string]string{"fieldPath": "metadata.annotations"}},
				}}},
				{Name: "screwdriver", HostPath: &hostPath{"/opt/screwdriver/sdlauncher/stable", "DirectoryOrCreate"}},
				{Name: "sdtemp", HostPath: &hostPath{"/opt/screwdriver/tmp_" + id, "DirectoryOrCreate"}},
				{Name: "workspace", EmptyDir: &struct{}{}},
			},
		},
	}
}
