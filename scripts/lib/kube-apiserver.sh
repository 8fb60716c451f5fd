# shellcheck shell=bash
# A kube-apiserver where Debian packages none: built once from Debian's source package `kubernetes` and cached.
# Source scripts/lib/common.sh first.
#
#   kube_apiserver       builds it if it is not cached, and prints its path

# What builds it. golang-go 1.19 is newer than the source; see replace_reflect2.
KUBE_BUILD_PACKAGES=(golang-go golang-github-modern-go-reflect2-dev dpkg-dev make rsync jq)

# The cache outlives checkouts: $BUILD_WORKER_CACHE, else the XDG cache directory.
kube_cache() { printf '%s\n' "${BUILD_WORKER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/build-worker}"; }

kube_apiserver() {
    local cache version binary
    cache=$(kube_cache)
    mkdir -p "$cache" || die "the cache directory $cache cannot be made; BUILD_WORKER_CACHE names another"
    version=$(kube_source_version)
    binary=$cache/kube-apiserver_${version}_$(dpkg --print-architecture)
    if [[ ! -x $binary ]]; then
        install_packages "${KUBE_BUILD_PACKAGES[@]}"
        # Two runs at the same time build it once.
        exec {KUBE_LOCK}>"$cache/kube-apiserver.lock"
        flock -n "$KUBE_LOCK" || { say "somebody else is building kube-apiserver: waiting"; flock "$KUBE_LOCK"; }
        [[ -x $binary ]] || build_kube_apiserver "$version" "$binary"
        exec {KUBE_LOCK}>&-
    fi
    printf '%s\n' "$binary"
}

# The source's version is that of the binary packages made of it, which every machine's package lists know.
kube_source_version() {
    local version
    version=$(apt-cache madison kubernetes-client 2>/dev/null | awk -F' *[|] *' 'NR == 1 { print $2 }')
    if [[ -z $version ]]; then
        need_root_command "the package lists are missing. Fetching them needs root"
        "${ROOT_COMMAND[@]}" apt-get -qq -o Acquire::Retries=3 update >&2 || die "apt-get update failed (its words are above)"
        version=$(apt-cache madison kubernetes-client | awk -F' *[|] *' 'NR == 1 { print $2 }')
    fi
    [[ -n $version ]] || die "this Debian has no package kubernetes-client, so no source of kube-apiserver either"
    printf '%s\n' "$version"
}

build_kube_apiserver() {
    local version=$1 binary=$2 work started=$SECONDS log
    # Whoever holds the lock is alone: what another build left behind, it left when it was killed.
    for work in "$(kube_cache)"/kube-apiserver-build.*; do
        [[ ! -d $work ]] || { chmod -R u+w "$work" && rm -rf "$work"; }
    done
    # In the cache, not in the temporary directory: it takes 2 GB, and /tmp is memory on some machines.
    work=$(mktemp -d "$(kube_cache)/kube-apiserver-build.XXXXXX")
    # Modules and objects are written read-only.
    cleanup_push "chmod -R u+w '$work' 2>/dev/null; rm -rf '$work'"
    log=$work/log
    say "building kube-apiserver $version, once; this takes several minutes"
    fetch_kube_source "$version" "$work" >"$log" 2>&1 || { tail -n 30 "$log" >&2; die "the source package kubernetes=$version could not be fetched"; }
    (
        cd "$work"
        dpkg-source --no-check -x kubernetes_*.dsc source # apt has checked the hashes against the signed list
        replace_reflect2 source
        mkdir -p go/src/k8s.io home
        ln -s "$work/source" go/src/k8s.io/kubernetes
        # The machine's own Go settings and caches stay out of it, and the work of others goes first.
        cd go/src/k8s.io/kubernetes
        nice -n 10 env -i PATH="/usr/lib/go/bin:/usr/sbin:/usr/bin:/sbin:/bin" HOME="$work/home" GOPATH="$work/go" GOCACHE="$work/home/objects" \
            ${BUILD_WORKER_RUN:+"BUILD_WORKER_RUN=$BUILD_WORKER_RUN"} GO111MODULE=off GOFLAGS= CGO_ENABLED=0 \
            make WHAT=cmd/kube-apiserver
    ) >>"$log" 2>&1 || { tail -n 40 "$log" >&2; die "kube-apiserver could not be built (the end of its log is above)"; }
    install -m 755 "$work/source/_output/bin/kube-apiserver" "$binary.new"
    mv "$binary.new" "$binary"
    chmod -R u+w "$work"
    rm -rf "$work"
    say "kube-apiserver is in $binary ($(stat -c %s "$binary" | awk '{ printf "%.0f MB", $1 / 1e6 }'), $((SECONDS - started)) s)"
}

# Fetches the source with package lists of our own, in DIRECTORY: whether the machine's lists name sources does not
# matter, and they stay as they are. Where from is what the machine's binary packages of Debian come from.
fetch_kube_source() {
    local version=$1 directory=$2 uri release component signed_by options
    local apt=(
        apt-get -o Dir::Etc::sourcelist="$directory/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o Dir::State::lists="$directory/apt/lists" -o Dir::Cache="$directory/apt/cache" -o APT::Sandbox::User="$(id -un)"
        -o Acquire::Retries=3
    )
    mkdir -p "$directory/apt/lists/partial" "$directory/apt/cache/archives/partial"
    apt-get indextargets --format "\$(REPO_URI)|\$(RELEASE)|\$(COMPONENT)|\$(SIGNED_BY)" 'Created-By: Packages' 'Origin: Debian' | sort -u \
        | while IFS='|' read -r uri release component signed_by; do
            options=
            [[ $signed_by != /* ]] || options="[signed-by=$signed_by] "
            printf 'deb-src %s%s %s %s\n' "$options" "$uri" "$release" "$component"
        done >"$directory/apt/sources.list"
    [[ -s $directory/apt/sources.list ]] || { echo "this machine's package lists name no repository of Debian"; return 1; }
    # A mirror may leave the sources of one suite out: what counts is whether the package is found.
    "${apt[@]}" update || true
    (cd "$directory" && "${apt[@]}" --download-only --only-source source "kubernetes=$version")
}

# The vendored modern-go/reflect2 reads the runtime's maps as they were before Go 1.18, and crashes with later ones.
replace_reflect2() {
    local vendored=$1/vendor/github.com/modern-go/reflect2
    rm -f "$vendored"/*.go "$vendored"/*.s
    cp /usr/share/gocode/src/github.com/modern-go/reflect2/*.go /usr/share/gocode/src/github.com/modern-go/reflect2/*.s "$vendored/"
}
