#!/bin/sh
# Builds the image without Docker, as an OCI archive: the same files and the same settings as the Dockerfile gives it.
# usage: image/build.sh OUT.tar [NAME:TAG]
# Load it with: ctr -n k8s.io images import OUT.tar    (or docker load, podman load, kind load image-archive)
set -eu

out=${1:?usage: image/build.sh OUT.tar [NAME:TAG]}
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$here/../Cargo.toml" | head -1)
name=${2:-ghcr.io/kdesk/contactsync:$version}
revision=$(git -C "$here/.." rev-parse HEAD 2>/dev/null || echo unknown)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$here/rootfs.sh" "$work/rootfs"
python3 "$here/archive.py" "$out" "$name" --root "$work/rootfs" --dockerfile "$here/../Dockerfile" \
    --label "org.opencontainers.image.version=$version" --label "org.opencontainers.image.revision=$revision"
