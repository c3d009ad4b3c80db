# The image: one static program and the authorities that it trusts, on nothing.
#   docker build -t ghcr.io/kdesk/contactsync:0.1.0 --build-arg VERSION=0.1.0 --build-arg REVISION=$(git rev-parse HEAD) .
# Without Docker: image/build.sh, which reads the settings of the last stage from here.
FROM rust:1.95-alpine AS build
RUN apk add --no-cache build-base ca-certificates perl
WORKDIR /contactsync
COPY Cargo.toml Cargo.lock LICENSE README.md ./
COPY src src
COPY crds crds
COPY examples examples
COPY image image
# Cargo wants to see every target that Cargo.toml names.
COPY benches benches
COPY tests tests
RUN image/rootfs.sh /rootfs

FROM scratch
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="contactsync" \
      org.opencontainers.image.description="Keeps the contacts of a service desk in step with a company's directory" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /rootfs/ /
USER 65532:65532
EXPOSE 8080/tcp 8082/tcp
ENTRYPOINT ["/contactsync"]
CMD ["controller"]
