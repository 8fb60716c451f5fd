# The base images are arguments so that the image can be built from a local mirror.
ARG BUILD_IMAGE=swift:6.2-bookworm
ARG RUN_IMAGE=debian:12-slim

FROM ${BUILD_IMAGE} AS build
RUN apt-get update && apt-get install -y --no-install-recommends librabbitmq-dev libcurl4-openssl-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Package.swift ./
COPY Sources ./Sources
COPY Tests ./Tests
RUN swift build -c release --product worker --static-swift-stdlib && strip .build/release/worker

FROM ${RUN_IMAGE}
LABEL org.opencontainers.image.title="build-worker" \
      org.opencontainers.image.description="Starts CI builds as Kubernetes pods"
RUN apt-get update && apt-get install -y --no-install-recommends librabbitmq4 libcurl4 ca-certificates && rm -rf /var/lib/apt/lists/*
COPY --from=build /src/.build/release/worker /usr/local/bin/worker
COPY Config/default.yaml Config/environment.yaml /etc/build-worker/
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/worker"]
CMD ["run"]
