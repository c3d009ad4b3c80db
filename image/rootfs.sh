#!/bin/sh
# Lays out all that the image holds: the program, without a C library beside it, and the authorities that it trusts.
# usage: image/rootfs.sh FOLDER        (used by the Dockerfile, and by image/build.sh where there is no Docker)
#
# It needs Rust, a C compiler for musl (Debian: musl-tools; Alpine: build-base), and the system's CA certificates.
set -eu

folder=${1:?usage: image/rootfs.sh FOLDER}
here=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
target=$(uname -m)-unknown-linux-musl
authorities=${CONTACTSYNC_AUTHORITIES:-/etc/ssl/certs/ca-certificates.crt}

[ -s "$authorities" ] || {
    echo "image: $authorities is missing: install the package ca-certificates, or set CONTACTSYNC_AUTHORITIES" >&2
    exit 1
}
cd "$here"
# Where Rust's own target is musl nothing is to be added, and its compiler is the system's.
if [ "$(rustc -vV | sed -n 's/^host: //p')" != "$target" ]; then
    libraries=$(rustc --print sysroot)/lib/rustlib/$target
    [ -d "$libraries" ] || rustup target add "$target"
    command -v musl-gcc >/dev/null 2>&1 || {
        echo "image: musl-gcc is missing: install the package musl-tools" >&2
        exit 1
    }
    export "CC_$(echo "$target" | tr - _)=musl-gcc"
fi
cargo build --locked --release --target "$target" --bin contactsync
program=${CARGO_TARGET_DIR:-target}/$target/release/contactsync

rm -rf "$folder"
mkdir -p "$folder/etc/ssl/certs"
# Line numbers stay for backtraces of panics' places; debug information does not.
if command -v strip >/dev/null 2>&1; then
    strip --strip-debug -o "$folder/contactsync" "$program"
else
    cp "$program" "$folder/contactsync"
fi
cp "$authorities" "$folder/etc/ssl/certs/ca-certificates.crt"
echo 'contactsync:x:65532:65532:contactsync:/nonexistent:/contactsync' >"$folder/etc/passwd"
echo 'contactsync:x:65532:' >"$folder/etc/group"
cp LICENSE "$folder/LICENSE"
chmod 0755 "$folder/contactsync"
chmod 0644 "$folder"/etc/passwd "$folder"/etc/group "$folder"/LICENSE "$folder"/etc/ssl/certs/ca-certificates.crt
