#!/usr/bin/env python3
"""Writes an OCI image archive of one layer from a folder, with Python's standard library alone.

  archive.py OUT.tar NAME:TAG --root FOLDER [--dockerfile FILE] [--entrypoint PATH] [--user UID:GID] [--label K=V ...]

What a Dockerfile says after its last FROM is taken from there: LABEL, USER, EXPOSE, ENTRYPOINT, CMD. Owners are root,
times are none: the same input gives the same bytes. `ctr images import`, `docker load` and `podman load` read it.
"""

import argparse
import gzip
import hashlib
import io
import json
import os
import shlex
import stat
import tarfile


def settings(dockerfile):
    """The image's settings, as the last stage of a Dockerfile says them."""
    found = {"labels": {}, "user": "", "ports": {}, "entrypoint": None, "command": None}
    with open(dockerfile, encoding="utf-8") as file:
        text = file.read().replace("\\\n", " ")
    stage = text[text.rindex("\nFROM ") + 1 :]
    for line in stage.splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "LABEL":
            found["labels"].update(pair.split("=", 1) for pair in shlex.split(rest))
        elif word == "USER":
            found["user"] = rest.strip()
        elif word == "EXPOSE":
            found["ports"] = {port: {} for port in rest.split()}
        elif word == "ENTRYPOINT":
            found["entrypoint"] = json.loads(rest)
        elif word == "CMD":
            found["command"] = json.loads(rest)
        elif word not in ("FROM", "ARG", "COPY", "") and not word.startswith("#"):
            raise SystemExit(f"{dockerfile}: {word}: archive.py does not know this instruction")
    return found


def layer(root):
    """A tar of everything below a folder."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for folder, folders, files in os.walk(root):
            folders.sort()
            for name in sorted(folders) + sorted(files):
                path = os.path.join(folder, name)
                info = tarfile.TarInfo(os.path.relpath(path, root))
                if os.path.islink(path):
                    info.type, info.linkname = tarfile.SYMTYPE, os.readlink(path)
                    tar.addfile(info)
                elif os.path.isdir(path):
                    info.type, info.mode = tarfile.DIRTYPE, 0o755
                    tar.addfile(info)
                else:
                    info.mode, info.size = stat.S_IMODE(os.stat(path).st_mode), os.path.getsize(path)
                    with open(path, "rb") as file:
                        tar.addfile(info, file)
    return out.getvalue()


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def full_name(name):
    """A name as a container runtime writes it out."""
    name = name if ":" in name.rsplit("/", 1)[-1] else name + ":latest"
    host = name.split("/", 1)[0]
    if "/" not in name:
        return "docker.io/library/" + name
    return name if "." in host or ":" in host or host == "localhost" else "docker.io/" + name


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out")
    parser.add_argument("name")
    parser.add_argument("--root", required=True)
    parser.add_argument("--dockerfile")
    parser.add_argument("--entrypoint")
    parser.add_argument("--user")
    parser.add_argument("--label", action="append", default=[])
    args = parser.parse_args()

    image = settings(args.dockerfile) if args.dockerfile else {}
    labels = {**image.get("labels", {}), **dict(label.split("=", 1) for label in args.label)}
    config = {"WorkingDir": "/", "Env": ["PATH=/"]}
    config["Entrypoint"] = [args.entrypoint] if args.entrypoint else image.get("entrypoint")
    config["User"] = args.user or image.get("user", "")
    if image.get("command"):
        config["Cmd"] = image["command"]
    if image.get("ports"):
        config["ExposedPorts"] = image["ports"]
    if labels:
        config["Labels"] = labels

    raw = layer(args.root)
    packed = gzip.compress(raw, 6, mtime=0)
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)
    platform = {"architecture": machine, "os": "linux"}
    made = {"created": "1970-01-01T00:00:00Z"}
    image_config = json.dumps({**made, **platform, "config": config,
                               "rootfs": {"type": "layers", "diff_ids": [digest(raw)]},
                               "history": [{**made, "created_by": "archive.py"}]}).encode()
    vendor = "application/vnd.oci.image."
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": vendor + "manifest.v1+json",
        "config": {"mediaType": vendor + "config.v1+json", "digest": digest(image_config), "size": len(image_config)},
        "layers": [{"mediaType": vendor + "layer.v1.tar+gzip", "digest": digest(packed), "size": len(packed)}],
    }).encode()
    name = full_name(args.name)
    index = json.dumps({
        "schemaVersion": 2, "mediaType": vendor + "index.v1+json",
        "manifests": [{"mediaType": vendor + "manifest.v1+json", "digest": digest(manifest), "size": len(manifest),
                       "platform": platform,
                       "annotations": {"io.containerd.image.name": name,
                                       "org.opencontainers.image.ref.name": name.rsplit(":", 1)[1]}}],
    }).encode()
    blobs = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": index}
    blobs.update({"blobs/sha256/" + digest(data)[7:]: data for data in (image_config, manifest, packed)})
    with tarfile.open(args.out, "w") as tar:
        for path, data in blobs.items():
            info = tarfile.TarInfo(path)
            info.size, info.mode = len(data), 0o644
            tar.addfile(info, io.BytesIO(data))
    print(name, digest(manifest), f"{len(packed) / 1e6:.1f} MB packed, {len(raw) / 1e6:.1f} MB unpacked")


if __name__ == "__main__":
    main()
