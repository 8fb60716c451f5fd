# shellcheck shell=bash
# What the scripts of this directory share. Source it after `set -euo pipefail`.
#
#   say, die                        what happens, and why nothing more will
#   install_packages PACKAGE…       what is missing from Debian, and no more
#   free_ports N                    N ports on loopback that nobody uses
#   begin_run, run_child, …          everything a script starts ends with it

MARKER_NAME=BUILD_WORKER_RUN

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }

die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# --- Packages -----------------------------------------------------------------------------------

declare -A WHY_PACKAGE=(
    [librabbitmq-dev]="the AMQP driver is built on it"
    [libcurl4-openssl-dev]="the HTTP engine is built on it"
    [rabbitmq-server]="the broker that the integration tests and the quick start run privately"
    [jq]="reads the cluster simulator's state"
    [curl]="asks the health and control endpoints"
    [libfaketime]="lets a worker's clock jump in scripts/chaos"
    [openssl]="makes the certificates of the TLS tests"
    [chromium]="opens the status page in the tests, as a person's browser would"
    [prometheus]="its promtool tries the alert rules and checks the metrics"
    [ca-certificates]="the dependencies are fetched over https"
    [etcd-server]="stores what the private cluster's API server is told"
    [socat]="reaches the private cluster's API server without TLS"
    [kubernetes-client]="renders and applies the manifests of Config/kubernetes"
    [golang-go]="compiles kube-apiserver, which Debian does not package, and the Go peer of scripts/bench"
    [golang-github-rabbitmq-amqp091-go-dev]="the Go peer of scripts/bench is built on it"
    [python3]="runs the harness of scripts/bench"
    [python3-aio-pika]="the Python peer of scripts/bench is built on it"
    [python3-aiohttp]="the Python peer of scripts/bench makes its requests with it"
    [golang-github-modern-go-reflect2-dev]="replaces a library that crashes with this Go"
    [dpkg-dev]="unpacks the source of kube-apiserver"
    [make]="kube-apiserver's build"
    [rsync]="kube-apiserver's build"
    [podman]="builds and runs the image where there is no Docker"
    [runc]="runs its containers"
    [debootstrap]="makes the image's base where there is no registry"
    [git]="fetches the packages that the worker is built from"
)

ROOT_COMMAND=()

# Sets ROOT_COMMAND to what must stand before a command that needs root: nothing, or sudo.
need_root_command() {
    if [[ $EUID -eq 0 ]]; then
        ROOT_COMMAND=()
    elif have sudo; then
        ROOT_COMMAND=(sudo)
    else
        die "$1. Become root or install sudo, then run this again."
    fi
}

package_is_installed() {
    [[ "$(dpkg-query --show --showformat='${Status}' "$1" 2>/dev/null)" == "install ok installed" ]]
}

# Installs those of the given Debian packages that are missing. Never upgrades what is there.
install_packages() {
    local package
    local missing=()
    for package in "$@"; do
        package_is_installed "$package" || missing+=("$package")
    done
    [[ ${#missing[@]} -gt 0 ]] || return 0

    have apt-get || die "missing: ${missing[*]}. There is no apt-get here to install them: please do it by hand."
    need_root_command "missing packages: ${missing[*]}. Installing them needs root"
    say "installing what is missing:"
    for package in "${missing[@]}"; do
        printf '      %-16s %s\n' "$package" "${WHY_PACKAGE[$package]:-}" >&2
    done

    local apt=("${ROOT_COMMAND[@]}" env DEBIAN_FRONTEND=noninteractive)
    local options=(-qq -y --no-install-recommends -o DPkg::Lock::Timeout=300)
    local log
    log=$(mktemp "${TMPDIR:-/tmp}/build-worker-apt.XXXXXX")
    cleanup_push "rm -f '$log'"
    "${apt[@]}" apt-get -qq -o Acquire::Retries=3 update >"$log" 2>&1 \
        || { cat "$log" >&2; die "apt-get update failed (its words are above)"; }
    "${apt[@]}" apt-get "${options[@]}" --download-only install "${missing[@]}" >"$log" 2>&1 \
        || { cat "$log" >&2; die "the packages could not be downloaded (apt-get's words are above)"; }

    local service brings_services=()
    for service in rabbitmq-server prometheus etcd-server; do
        [[ " ${missing[*]} " != *" $service "* ]] || brings_services+=("$service")
    done
    [[ ${#brings_services[@]} -eq 0 ]] || deny_service_starts
    # Its own session: Ctrl-C takes effect after dpkg, not in the middle of it.
    "${apt[@]}" setsid --wait apt-get "${options[@]}" install "${missing[@]}" >"$log" 2>&1 </dev/null \
        || { cat "$log" >&2; die "the packages could not be installed (apt-get's words are above)"; }
    if [[ ${#brings_services[@]} -gt 0 ]]; then
        for service in "${brings_services[@]}"; do keep_service_off "$service"; done
        allow_service_starts
    fi
}

# The whole set for building and for running the tests or the quick start. `build` leaves the broker out.
install_requirements() {
    local wanted=(ca-certificates librabbitmq-dev libcurl4-openssl-dev)
    if [[ ${1:-all} != build ]]; then
        wanted+=(rabbitmq-server jq curl openssl)
    fi
    install_packages "${wanted[@]}"
    have swift || die "swift is not in PATH. Install Swift 6.2 or newer (https://www.swift.org/install), then run this again."
}

# Debian starts a service when its package is installed, unless this file says no (invoke-rc.d(8)).
# A file that is already there is somebody's decision: it stays.
POLICY_FILE=/usr/sbin/policy-rc.d
POLICY_MARK="# temporary, by build-worker's scripts"

deny_service_starts() {
    if [[ -e $POLICY_FILE ]] && ! grep -qF "$POLICY_MARK" "$POLICY_FILE"; then
        return 0
    fi
    cleanup_push allow_service_starts
    printf '#!/bin/sh\n%s\nexit 101\n' "$POLICY_MARK" | "${ROOT_COMMAND[@]}" tee "$POLICY_FILE" >/dev/null
    "${ROOT_COMMAND[@]}" chmod 755 "$POLICY_FILE"
}

allow_service_starts() {
    if [[ -e $POLICY_FILE ]] && grep -qF "$POLICY_MARK" "$POLICY_FILE"; then
        "${ROOT_COMMAND[@]}" rm -f "$POLICY_FILE"
    fi
}

# After our own installation only: the services of this package neither run now nor at the next boot.
keep_service_off() {
    local package=$1 script user program units unit
    case $package in
        rabbitmq-server) script=rabbitmq-server user=rabbitmq program=beam.smp units=(rabbitmq-server.service epmd.socket epmd.service) ;;
        prometheus) script=prometheus user=prometheus program=prometheus units=(prometheus.service) ;;
        etcd-server) script=etcd user=etcd program=etcd units=(etcd.service) ;;
        *) die "whose service is $package's?" ;;
    esac
    if [[ -d /run/systemd/system ]]; then
        for unit in "${units[@]}"; do
            "${ROOT_COMMAND[@]}" systemctl disable --now "$unit" >/dev/null 2>&1 || true
        done
    elif user_has_process "$user" "$program"; then
        "${ROOT_COMMAND[@]}" service "$script" stop >/dev/null 2>&1 || true
    fi
    "${ROOT_COMMAND[@]}" update-rc.d "$script" disable >/dev/null 2>&1 || true
    say "the system's own $script service stays stopped and disabled; it is not needed"
}

user_has_process() {
    local uid status
    uid=$(id -u "$1" 2>/dev/null) || return 1
    for status in /proc/[0-9]*/status; do
        if grep -qs "^Name:[[:space:]]*$2\$" "$status" && grep -qs "^Uid:[[:space:]]*${uid}[[:space:]]" "$status"; then
            return 0
        fi
    done
    return 1
}

# --- Ports --------------------------------------------------------------------------------------

# Prints a build's token as its messages have it: a JSON web token, good for this build alone and for twelve hours. Its signature is none.
build_token() {
    jq -nr --argjson build "$1" 'def part: @base64 | gsub("="; "") | gsub("\\+"; "-") | gsub("/"; "_");
        (now | floor) as $now
        | [({alg: "RS256", typ: "JWT"} | tojson | part),
           ({username: $build, buildId: $build, scope: ["temporal"], iat: $now, exp: ($now + 43200)} | tojson | part),
           "made-up"] | join(".")'
}

# Prints N different free ports of 127.0.0.1, one a line. They lie below the range from which the
# kernel serves outgoing connections, so a port is still free when a node that was killed starts again.
# perl is the one language that every Debian has (perl-base is essential).
free_ports() {
    perl -MSocket -e '
        my ($count, @held) = @ARGV;
        my $low = 32768;
        if (open my $range, "<", "/proc/sys/net/ipv4/ip_local_port_range") { ($low) = split " ", <$range> }
        my $span = $low - 15000;
        for (my $try = 0; @held < $count; $try++) {
            die "no free port found\n" if $try > 5000;
            my $port = $span > 1000 ? 15000 + int rand $span : 0;
            socket my $socket, PF_INET, SOCK_STREAM, 0 or die "socket: $!\n";
            bind $socket, sockaddr_in($port, INADDR_LOOPBACK) or next;
            push @held, $socket;
        }
        print +(sockaddr_in(getsockname $_))[0], "\n" for @held;
    ' "$1"
}

# Succeeds when something accepts connections on this port of 127.0.0.1.
port_is_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# --- Processes ----------------------------------------------------------------------------------

# Prints the pids whose environment holds exactly NAME=VALUE. A mark in the environment follows a process
# through setsid, double forks and a dead parent, where pids and process groups lose it.
marked_processes() {
    local file pid
    while IFS= read -r file; do
        pid=${file#/proc/}
        pid=${pid%/environ}
        [[ $pid == "$$" || $pid == "${BASHPID:-}" ]] || printf '%s\n' "$pid"
    done < <(grep -slzxF -- "$1" /proc/[0-9]*/environ || true)
}

# Ends every process with this mark: asks, waits up to SECONDS, then kills.
end_marked_processes() {
    local mark=$1 seconds=${2:-10} signal=TERM pids
    local deadline=$((SECONDS + seconds))
    while true; do
        mapfile -t pids < <(marked_processes "$mark")
        [[ ${#pids[@]} -gt 0 ]] || return 0
        if [[ $SECONDS -ge $deadline ]]; then
            [[ $SECONDS -lt $((deadline + 5)) ]] || return 1
            signal=KILL
        fi
        if [[ -n $signal ]]; then
            kill "-$signal" "${pids[@]}" 2>/dev/null || true
            kill -CONT "${pids[@]}" 2>/dev/null || true # a stopped process cannot end
            signal=
        fi
        sleep 0.1
    done
}

# --- Clean-up -----------------------------------------------------------------------------------

CLEANUP=()
RUN_MARK=

# Registers a command to be run at the end, last one first.
cleanup_push() { CLEANUP+=("$1"); }

cleanup_now() {
    local status=$? index
    trap '' INT TERM HUP
    trap - EXIT
    set +e
    for ((index = ${#CLEANUP[@]} - 1; index >= 0; index--)); do
        eval "${CLEANUP[$index]}"
    done
    CLEANUP=()
    exit "$status"
}

trap cleanup_now EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# From here on, everything that this script starts (and what that starts in turn) carries a mark and
# ends with the script, whichever way it ends.
begin_run() {
    RUN_MARK="$MARKER_NAME=$$-$(date +%s%N)"
    export "${RUN_MARK?}"
    cleanup_push end_run
}

end_run() {
    # A broker gets its own graceful end from whoever started it; what is left here only has to go.
    end_marked_processes "$RUN_MARK" 10 || say "some processes did not end: $(marked_processes "$RUN_MARK" | tr '\n' ' ')"
}

# Runs a command so that a signal to this script takes effect at once: bash would otherwise wait for it.
run_child() {
    "$@" &
    wait $!
}
