# The worker and the libraries it loads, and nothing else: no shell, no package manager, no user but its own.
#
#   docker build -t build-worker .
#
# `scripts/image` builds this without a Docker engine and without any registry, and tries what comes of it.
#
# A tag is whatever its owner pushed last. For an image that can be made again, and whose parts somebody has looked at, pin the bases by
# digest, and move the digests on when there are security updates:
#
#   docker buildx imagetools inspect swift:6.2-bookworm --format '{{.Manifest.Digest}}'
#   docker build --build-arg BUILD_IMAGE=swift:6.2-bookworm@sha256:… --build-arg LIBRARIES_IMAGE=debian:12-slim@sha256:… .

# Swift 6.2 or later on Debian 12.
ARG BUILD_IMAGE=swift:6.2-bookworm
# The Debian whose libraries are taken: the same release as BUILD_IMAGE's, as new as its security updates.
ARG LIBRARIES_IMAGE=debian:12-slim
# What the files are put on. debian:12-slim gives an image with a shell, for a HOOK_COMMAND that is a script.
ARG RUN_IMAGE=scratch

# --- The program ---------------------------------------------------------------------------------
FROM ${BUILD_IMAGE} AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends librabbitmq-dev libcurl4-openssl-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
# A layer of their own: dependencies are fetched again only when they change. Package.resolved may be missing.
COPY Package.* ./
RUN swift package resolve
COPY Sources ./Sources
# Not compiled, but the package is not whole without them.
COPY Tests ./Tests
RUN swift build -c release --product worker --static-swift-stdlib \
    && strip -o /worker "$(swift build -c release --show-bin-path)/worker" \
    && swift --version 2>/dev/null | head -n 1 >/toolchain

# --- Its files -----------------------------------------------------------------------------------
FROM ${LIBRARIES_IMAGE} AS files
RUN apt-get update \
    && apt-get install -y --no-install-recommends librabbitmq4 libcurl4 ca-certificates \
    && rm -rf /var/lib/apt/lists/*
COPY scripts/image-files /usr/local/bin/
COPY --from=build /worker /usr/local/bin/worker
COPY --from=build /src/Package.resolved /toolchain /built-from/
ARG VERSION=1.0.0
RUN image-files /usr/local/bin/worker /image /built-from "$VERSION" && mkdir -p /spool && mkdir -m 700 /spool/build-worker

# --- The image -----------------------------------------------------------------------------------
FROM ${RUN_IMAGE}
COPY --from=files /image /
COPY Config/default.yaml Config/environment.yaml /etc/build-worker/
# SPOOL_DIRECTORY. A volume that is mounted over it takes over its owner.
COPY --from=files --chown=65532:65532 /spool /var/spool
# Two of glibc's arenas: with one for each of a dozen threads, memory that is given back stays with the process.
ENV PATH=/usr/local/bin:/usr/bin:/bin MALLOC_ARENA_MAX=2
# A number, so that runAsNonRoot can see that it is not root.
USER 65532:65532
EXPOSE 8080
# The worker is process 1 and handles the signal itself: it drains and exits with 0.
STOPSIGNAL SIGTERM
# Liveness, not readiness: a failed check leads to a restart, which brings no broker back.
# Kubernetes has the probes of the Deployment instead.
HEALTHCHECK --interval=30s --timeout=15s --start-period=30s CMD ["/usr/local/bin/worker", "check", "worker", "--alive"]
ENTRYPOINT ["/usr/local/bin/worker"]
CMD ["run"]

# Last, so that they cost no layer: --build-arg REVISION="$(git rev-parse HEAD)"
ARG BUILD_IMAGE
ARG LIBRARIES_IMAGE
ARG VERSION=1.0.0
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="build-worker" \
      org.opencontainers.image.description="Takes CI build messages from RabbitMQ and starts each build as a Kubernetes pod" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.base.name="${LIBRARIES_IMAGE}" \
      build-worker.build-image="${BUILD_IMAGE}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}"
