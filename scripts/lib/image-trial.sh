# shellcheck shell=bash
# Runs the image $tag as Config/kubernetes would, against a private RabbitMQ and the simulated cluster behind TLS. For
# scripts/image, which has sourced the others.

: "${tag:?what is tried}" "${workspace:?a directory of our own}" "${run_base?what it was put on, if anything}"

CONTAINER=build-worker-trial-$$
# As in Config/kubernetes/base/deployment.yaml: not root, nothing writable but volumes, no capability, 256 MB.
LOCKED=(--network host --read-only --read-only-tmpfs=false --cap-drop all --security-opt no-new-privileges --pull=never)

# What an image says of a failed check is in its log.
fail_trial() {
    printf '\n--- the end of the worker'"'"'s log\n' >&2
    tail -n 20 "$workspace/worker.log" >&2 2>/dev/null || true
    die "$1"
}

# Repeats a command until it succeeds. The limit ends only trials that have failed already.
await_success() {
    local what=$1 deadline=$((SECONDS + 60))
    shift
    until "$@" >"$workspace/answer" 2>&1; do
        if [[ -n ${WORKER_PID:-} ]] && ! kill -0 "$WORKER_PID" 2>/dev/null; then fail_trial "the worker ended while this was awaited: $what"; fi
        [[ $SECONDS -lt $deadline ]] || fail_trial "not within a minute: $what; last answer: $(head -c 400 "$workspace/answer")"
        sleep 0.1
    done
}

# Succeeds when a file, or stdin, holds a JSON document of which this is true. Slurped: of nothing at all, Debian 12's `jq -e` says yes.
is_told() { jq -es --arg build "${BUILD:-}" ".[0] | $1" "${@:2}"; }

run_once() { pod run --rm --no-healthcheck "${LOCKED[@]}" "${CONTAINER_LIMITS[@]}" --memory 64m "$@"; }

start_surroundings() {
    local bin simulator_urls target
    bin=${BUILD_WORKER_BIN_PATH:-}
    if [[ -z $bin ]]; then
        run_child swift build --product cluster-simulator >&2 || die "the cluster simulator does not build"
        bin=$(swift build --show-bin-path)
    fi
    scripts/private-broker start "$workspace/broker" >/dev/null || die "the broker did not start"
    cleanup_push "scripts/private-broker kill '$workspace/broker' 2>/dev/null || true"
    # shellcheck source=/dev/null
    source "$workspace/broker/env"

    "$bin/cluster-simulator" --control-port 0 --kubernetes-port 0 --api-port 0 >"$workspace/simulator" 2>&1 </dev/null &
    await_success "the simulator is ready" is_told .control "$workspace/simulator"
    simulator_urls=$(head -n 1 "$workspace/simulator" | jq -r '[.control, .kubernetes, .api] | @tsv')
    IFS=$'\t' read -r CONTROL KUBERNETES API <<<"$simulator_urls"

    # The API server speaks TLS, with an authority that no system knows.
    (
        cd "$workspace"
        umask 077
        openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=authority of the trial" -keyout ca.key -out ca.crt
        openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout front.key -out front.csr
        openssl x509 -req -in front.csr -CA ca.crt -CAkey ca.key -set_serial 1 -days 2 -extfile <(echo subjectAltName=DNS:localhost) -out front.crt
        chmod 644 ca.crt
    ) 2>"$workspace/openssl.log" || die "openssl failed: $(tail -n 5 "$workspace/openssl.log")"
    target=${KUBERNETES#http://}
    FRONT_PORT=$(free_ports 1)
    socat "OPENSSL-LISTEN:$FRONT_PORT,bind=127.0.0.1,reuseaddr,fork,verify=0,cert=$workspace/front.crt,key=$workspace/front.key" "TCP:${target%/}" &
}

write_environment() {
    mapfile -t ports < <(free_ports 2)
    HEALTH_PORT=${ports[0]} STATUS_PORT=${ports[1]}
    cat >"$workspace/environment" <<ENV
RABBITMQ_HOST=localhost
RABBITMQ_PORT=$AMQP_PORT
RABBITMQ_USERNAME=$USERNAME
RABBITMQ_PASSWORD=$PASSWORD
RABBITMQ_VIRTUAL_HOST=$VHOST
RABBITMQ_EXCHANGE=build
RABBITMQ_QUEUE=builds
RABBITMQ_RETRYQUEUE=builds.retry
K8S_HOST=localhost:$FRONT_PORT
K8S_JOBS_NAMESPACE=builds
ECOSYSTEM_API=$API
RABBITMQ_BUILD_INIT_TIMEOUT=0.05
PORT=$HEALTH_PORT
STATUS_PORT=$STATUS_PORT
DRAIN_TIMEOUT=25
ENV
}

publish_start() {
    jq -cn --argjson build "$1" --arg api "$API" --arg token "$(build_token "$1")" '{job: "start", buildConfig: {
        buildId: $build, jobId: ($build + 1000), eventId: 1, pipelineId: 1, jobName: "main", isPR: false,
        pipeline: {id: 1, name: "acme/shop", scmContext: "github:github.com"}, annotations: {}, blockedBy: [], freezeWindows: [],
        apiUri: $api, container: "fate/running:1", token: $token}}' \
        | pod exec --interactive "$CONTAINER" worker publish - >"$workspace/publish.log" 2>&1 || fail_trial "worker publish failed: $(cat "$workspace/publish.log")"
}

# One pod of the build, ever, and the build API knows its node.
# shellcheck disable=SC2016 # jq's variable
ONE_POD='([.pods[] | select((.build | tostring) == $build)] | length) == 1'
has_pod_on_node() { curl -fs "$CONTROL/state" | BUILD=$1 is_told "$ONE_POD and .builds[\$build].stats.hostname != null"; }

has_one_pod() { curl -fs "$CONTROL/state" | BUILD=$1 is_told "$ONE_POD"; }

# Messages in these queues, whether anybody has them in flight or not.
messages_in() {
    scripts/private-broker ctl "$workspace/broker" -q --no-table-headers list_queues name messages \
        | awk -v names=" $* " 'index(names, " " $1 " ") { sum += $2 } END { print sum + 0 }'
}

# What a quorum queue says of itself is up to five seconds old: a number is awaited, and one that never comes is told.
has_messages() { [[ "$(messages_in "${@:2}" | tee /dev/stderr)" == "$1" ]]; }

has_in_hand() { curl -fs "http://127.0.0.1:$STATUS_PORT/status" | BUILD=$1 is_told 'any(.inFlight[]; (.buildId | tostring) == $build)'; }

# Prints a field of the worker's process as the kernel has it.
of_process() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$PROCESS/status"; }

must_be() { [[ $2 == "$3" ]] || fail_trial "$1 is '$2', not '$3'"; }

try_image() {
    local version code
    install_requirements all
    install_packages socat
    say "trying $tag"
    version=$(run_once "$tag" --version)
    must_be "the label of the version" "$(pod image inspect --format '{{index .Labels "org.opencontainers.image.version"}}' "$tag")" "$version"
    # Jq reads it: a comma that is missing would be told.
    bill >"$workspace/bill"
    is_told '[.components[].name] | contains(["librabbitmq4", "libcurl4", "swift-nio", "swift"])' "$workspace/bill" >/dev/null \
        || fail_trial "the bill of materials lacks what the image is made of: $(head -c 400 "$workspace/bill")"
    start_surroundings
    write_environment

    mkdir "$workspace/account"
    cp "$workspace/ca.crt" "$workspace/account/ca.crt"
    echo trial >"$workspace/account/token"
    local account=(--volume "$workspace/account:/var/run/secrets/kubernetes.io/serviceaccount:ro")
    run_once --env-file "$workspace/environment" "$tag" topology apply >"$workspace/topology.log" 2>&1 || die "worker topology apply failed: $(cat "$workspace/topology.log")"

    pod run --rm --name "$CONTAINER" "${LOCKED[@]}" "${CONTAINER_LIMITS[@]}" --memory 256m --env-file "$workspace/environment" \
        "${account[@]}" --volume "$CONTAINER:/var/spool/build-worker" \
        "$tag" >"$workspace/worker.log" 2>&1 </dev/null &
    WORKER_PID=$!
    cleanup_push "pod rm --force --ignore '$CONTAINER' >/dev/null 2>&1; pod volume rm --force '$CONTAINER' >/dev/null 2>&1"
    await_success "the image's own health check" pod healthcheck run "$CONTAINER"
    await_success "the worker is ready" pod exec "$CONTAINER" worker check worker
    say "healthy: $(cat "$workspace/answer")"

    PROCESS=$(pod inspect --format '{{.State.Pid}}' "$CONTAINER")
    must_be "its number inside" "$(of_process NSpid | awk '{ print $NF }')" 1
    must_be "its user" "$(of_process Uid | awk '{ print $1 }')" 65532
    must_be "its capabilities" "$(of_process CapEff)" 0000000000000000
    must_be "its right to gain more" "$(of_process NoNewPrivs)" 1
    must_be "its root" "$(awk '$5 == "/" { print substr($6, 1, 2) }' "/proc/$PROCESS/mountinfo")" ro
    must_be "its spool" "$(stat -c '%u %a' "/proc/$PROCESS/root/var/spool/build-worker")" "65532 700"
    [[ -e /proc/$PROCESS/root/var/spool/build-worker/heartbeat ]] || fail_trial "it does not write to its spool"
    # The scratch image has one program. Another base may have a shell.
    if [[ -z $run_base ]]; then
        must_be "the list of its programs" "$(find "/proc/$PROCESS/root/" -xdev -type f -perm /111 -not -name '*.so*' -printf '%P\n')" usr/local/bin/worker
        if pod exec "$CONTAINER" sh -c true >/dev/null 2>&1; then fail_trial "there is a shell"; fi
    fi

    publish_start 1
    await_success "build 1 has a pod, and its timer had the build API told on which node" has_pod_on_node 1

    # What is in flight when SIGTERM comes is finished: its pod is being made, which takes the cluster 3 s.
    curl -fs -o /dev/null --data '{"listener": "kubernetes", "method": "POST", "build": "2", "action": {"delayMs": 3000}}' "$CONTROL/faults"
    publish_start 2
    await_success "build 2 is in flight" has_in_hand 2
    say "idle peak $(of_process VmHWM), $(awk '{ printf "%.1f s", ($14 + $15) / 100 }' "/proc/$PROCESS/stat") of processor; SIGTERM with a build in flight"
    pod stop --time 35 "$CONTAINER" >/dev/null || fail_trial "podman stop failed"
    code=0
    wait "$WORKER_PID" || code=$?
    WORKER_PID=
    must_be "the exit code" "$code" 0
    has_one_pod 2 >/dev/null || fail_trial "build 2 was in flight and has no pod"
    await_success "nothing is left in builds" has_messages 0 builds builds.wait
    await_success "the timer of build 2 is held" has_messages 1 builds.retry.init builds.retry
    say "$tag runs: builds become pods, the health check says OK, SIGTERM drains, exit code 0"
}
