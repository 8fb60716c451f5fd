# shellcheck shell=bash
# Podman with storage of its own, and base images for the Dockerfile where no registry can be asked: made of the machine's own
# Debian mirror and Swift toolchain. Source scripts/lib/common.sh first.
#
#   pod ARG…                 podman, with our storage and runtime
#   make_base_images         $LIBRARIES_BASE and $BUILD_BASE, unless they are there
#   toolchain_volumes        fills VOLUMES with what the build stage is given: the toolchain, and mirrors of packages

# shellcheck disable=SC2034 # for those who source this
IMAGE_PACKAGES=(podman runc debootstrap git)
LIBRARIES_BASE=localhost/build-worker-base/libraries
BUILD_BASE=localhost/build-worker-base/build
# What Swift needs of a Debian, less what it needs for debugging: the compiler's and SwiftPM's own libraries, a linker, C headers.
SWIFT_NEEDS=(git ca-certificates binutils libc6-dev libstdc++-12-dev zlib1g-dev libcurl4 libsqlite3-0 libxml2 libncurses6 libedit2)

# The cache outlives checkouts: $BUILD_WORKER_CACHE, else the XDG cache directory.
image_cache() { printf '%s\n' "${BUILD_WORKER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/build-worker}/image"; }

pod() {
    local cache
    cache=$(image_cache)
    # Neither systemd nor its journal is asked for: a container of ours may be all there is.
    podman --root "$cache/store" --runroot "$cache/run" --tmpdir "$cache/tmp" --runtime runc --cgroup-manager cgroupfs --events-backend file "$@"
}

# Podman's own limits are higher than those of the machine that it may itself be a container on, and then refused.
CONTAINER_LIMITS=(--ulimit nofile=4096:4096 --ulimit nproc=4096:4096)

# Prints why this machine runs no containers; nothing where it does.
container_obstacle() {
    if [[ $EUID -ne 0 ]]; then
        echo "containers need root here: run this with sudo"
    elif ! unshare --mount --pid --ipc --uts --fork --mount-proc true 2>/dev/null; then
        echo "this machine makes no namespaces (in a container itself, without privileges?)"
    fi
}

# Prints the repositories of Debian that this machine uses, one a line: uri|release|component.
debian_repositories() {
    apt-get indextargets --format "\$(REPO_URI)|\$(RELEASE)|\$(COMPONENT)" 'Created-By: Packages' 'Origin: Debian' | sort -u
}

make_base_images() {
    pod image exists "$BUILD_BASE" && pod image exists "$LIBRARIES_BASE" && return 0
    local work mirror
    # shellcheck source=/dev/null
    [[ "$(. /etc/os-release && echo "$VERSION_CODENAME")" == bookworm ]] \
        || die "this machine is no Debian 12, so its Swift and libraries are no base for the image: name others with --build-image and --libraries-image"
    mirror=$(debian_repositories | awk -F'|' '$2 == "bookworm" && $3 == "main" { print $1; exit }')
    [[ -n $mirror ]] || die "this machine's package lists name no mirror of Debian 12 (apt-get update fetches them)"
    work=$(mktemp -d "$(image_cache)/base.XXXXXX")
    cleanup_push "rm -rf '$work'"
    say "making the base images from $mirror"
    debootstrap --variant=minbase bookworm "$work/root" "$mirror" >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; die "debootstrap failed"; }
    debian_repositories | awk -F'|' '{ print "deb", $1, $2, $3 }' >"$work/root/etc/apt/sources.list"
    chroot "$work/root" apt-get -qq clean
    printf 'FROM scratch\nADD root /\nCMD ["bash"]\n' >"$work/libraries"
    cat >"$work/build" <<DOCKERFILE
FROM $LIBRARIES_BASE
RUN apt-get -qq update && apt-get -qq -y --no-install-recommends install ${SWIFT_NEEDS[*]} && rm -rf /var/lib/apt/lists/*
ENV PATH=/usr/local/swift/usr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
DOCKERFILE
    build_image --file "$work/libraries" --tag "$LIBRARIES_BASE" "$work" >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; die "$LIBRARIES_BASE could not be built"; }
    build_image --file "$work/build" --tag "$BUILD_BASE" "$work" >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; die "$BUILD_BASE could not be built"; }
    rm -rf "$work"
}

# podman build, with the network and the limits of this machine.
build_image() {
    # Docker's format: OCI's has no HEALTHCHECK.
    pod build --format docker --network host --pull=never "${CONTAINER_LIMITS[@]}" "$@"
}

# The toolchain is not copied, which would take gigabytes: it is there while the build stage runs. Where git is told to fetch
# from directories instead of the addresses in Package.swift, the build stage is given these too.
toolchain_volumes() {
    local swift base configuration key value
    swift=$(readlink -f "$(command -v swift)")
    VOLUMES=(--volume "${swift%/bin/*}:/usr/local/swift/usr:ro")
    configuration=$1/gitconfig
    printf '[safe]\n\tdirectory = *\n' >"$configuration"
    while read -r key value; do
        base=${key#url.}
        base=${base%.insteadof}
        [[ $base == /* && -d $base ]] || continue
        git config --file "$configuration" --add "$key" "$value"
        [[ " ${VOLUMES[*]} " == *" $base:$base:ro "* ]] || VOLUMES+=(--volume "$base:$base:ro")
    done < <(git config --get-regexp '^url\..*\.insteadof$' || true)
    VOLUMES+=(--volume "$configuration:/etc/gitconfig:ro")
}
