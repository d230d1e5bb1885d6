# The controller as an image: one static binary, the certificates of public authorities, no shell, no user but 65532.
#
#   docker buildx build --build-arg VERSION=0.1.0 --build-arg REVISION=$(git rev-parse HEAD) --tag harmonix:0.1.0 .
#
# Where the base image of the first stage cannot be pulled, or a binary is there already, the stage `prebuilt` takes its
# place: it copies `harmonix` and `ca-certificates.crt` from the folder that is given as context. `cargo dev image` does this.
#
#   buildah build --build-arg BINARY=prebuilt --file Dockerfile FOLDER
#
# The same input gives the same digest: no time of the build gets into a layer or the configuration where SOURCE_DATE_EPOCH is
# given (docker buildx: `--output type=image,rewrite-timestamp=true`; buildah: `--timestamp $SOURCE_DATE_EPOCH`).
ARG BINARY=build
ARG RUST=docker.io/library/rust:1.95-slim-bookworm

FROM ${RUST} AS build
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates g++ make
WORKDIR /source
COPY . .
# Static, without a C library that would have to be in the image, and without the paths of whoever builds it.
ENV RUSTFLAGS="-C target-feature=+crt-static --remap-path-prefix=/usr/local/cargo=/cargo --remap-path-prefix=/build=/target"
RUN CARGO_TARGET_DIR=/build cargo rustc --locked --release --target host-tuple --bin harmonix \
        -- -C link-arg=-Wl,-z,pack-relative-relocs \
    && mkdir /result \
    && cp /build/*/release/harmonix /etc/ssl/certs/ca-certificates.crt /result/

FROM scratch AS prebuilt
COPY harmonix ca-certificates.crt /result/

FROM ${BINARY} AS result

FROM scratch
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="harmonix" \
      org.opencontainers.image.description="A Kubernetes controller that turns applications into running services on AWS" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=result --chmod=0444 /result/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=result --chmod=0555 /result/harmonix /harmonix
# A number, so that Kubernetes can see that it is not root.
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/harmonix"]
CMD ["run"]
