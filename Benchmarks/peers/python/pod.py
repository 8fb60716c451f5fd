"""The same pod as the worker makes with its default configuration."""

_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"

_LAUNCHER = (
    "echo launcher_start_ts:`date \"+%s\"` > /workspace/metrics && if ! [ -f /opt/launcher/launch ]; then "
    "TEMP_DIR=`mktemp -d -p /opt/launcher` && cp -a /opt/sd/* $TEMP_DIR && mkdir -p $TEMP_DIR/hab && cp -a /hab/. $TEMP_DIR/hab && "
    "mv -fn $TEMP_DIR/* /opt/launcher && rm -rf $TEMP_DIR || true; else ls /opt/launcher; fi; "
    "echo launcher_end_ts:`date \"+%s\"` >> /workspace/metrics")


def pod_name(build_id):
    """A function of the build, so that a second delivery finds the first one's pod. FNV-1a, 64 bits."""
    number = 0xCBF29CE484222325
    for byte in build_id.encode():
        number = (number ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    suffix = ""
    for _ in range(5):
        number, index = divmod(number, len(_ALPHABET))
        suffix += _ALPHABET[index]
    return f"{build_id}-{suffix}"


def pod_for(build):
    """The pod of a buildConfig, ready to be serialized."""
    build_id = str(build["buildId"])
    image = build["container"]
    timeout = build["annotations"]["screwdriver.cd/timeout"]
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": pod_name(build_id), "labels": {
            "app": "screwdriver", "tier": "builds", "sdbuild": build_id,
            "screwdriver.cd/pipeline": build["pipeline"]["name"].replace("/", "."), "screwdriver.cd/job": build["jobName"],
            "screwdriver.cd/cpu": "2", "screwdriver.cd/memory": "2", "screwdriver.cd/disk": "LOW",
        }},
        "spec": {
            "serviceAccountName": "default", "automountServiceAccountToken": False, "terminationGracePeriodSeconds": 60,
            "restartPolicy": "Never", "dnsPolicy": "ClusterFirst",
            "containers": [{
                "name": build_id, "image": image, "imagePullPolicy": "Always", "securityContext": {"privileged": False},
                "resources": {"limits": {"cpu": "2000m", "memory": "2Gi"}},
                "env": [
                    {"name": "SD_HAB_ENABLED", "value": "true"}, {"name": "SD_RUNTIME_CLASS", "value": ""},
                    {"name": "SD_PUSHGATEWAY_URL", "value": ""}, {"name": "SD_TERMINATION_GRACE_PERIOD_SECONDS", "value": "60"},
                    {"name": "CONTAINER_IMAGE", "value": image}, {"name": "SD_PIPELINE_ID", "value": str(build["pipelineId"])},
                    {"name": "SD_BUILD_PREFIX", "value": ""},
                    {"name": "NODE_ID", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
                    {"name": "SD_BASE_COMMAND_PATH", "value": "/sd/commands/"}, {"name": "SD_TEMP", "value": "/opt/sd_tmp"},
                    {"name": "CONTAINER_CPU_LIMIT",
                     "valueFrom": {"resourceFieldRef": {"containerName": build_id, "resource": "limits.cpu"}}},
                    {"name": "CONTAINER_MEMORY_LIMIT",
                     "valueFrom": {"resourceFieldRef": {"containerName": build_id, "resource": "limits.memory"}}},
                ],
                "command": ["/opt/sd/launcher_entrypoint.sh"],
                "args": [f'/opt/sd/run.sh "{build["token"]}" "https://api.screwdriver.cd" "https://store.screwdriver.cd" "{timeout}" '
                         f'"{build_id}" "https://cd.screwdriver.cd"\n'],
                "volumeMounts": [
                    {"name": "podinfo", "mountPath": "/etc/podinfo", "readOnly": True},
                    {"name": "screwdriver", "mountPath": "/opt/sd", "readOnly": True},
                    {"name": "sdtemp", "mountPath": "/opt/sd_tmp"}, {"name": "workspace", "mountPath": "/workspace"},
                ],
            }],
            "initContainers": [{
                "name": f"launcher-{build_id}", "image": "screwdrivercd/launcher:stable", "command": ["/bin/sh", "-c", _LAUNCHER],
                "volumeMounts": [{"name": "screwdriver", "mountPath": "/opt/launcher"}, {"name": "workspace", "mountPath": "/workspace"}],
            }],
            "volumes": [
                {"name": "podinfo", "downwardAPI": {"items": [
                    {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}},
                    {"path": "annotations", "fieldRef": {"fieldPath": "metadata.annotations"}}]}},
                {"name": "screwdriver", "hostPath": {"path": "/opt/screwdriver/sdlauncher/stable", "type": "DirectoryOrCreate"}},
                {"name": "sdtemp", "hostPath": {"path": f"/opt/screwdriver/tmp_{build_id}", "type": "DirectoryOrCreate"}},
                {"name": "workspace", "emptyDir": {}},
            ],
        },
    }
