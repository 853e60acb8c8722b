# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The node script as a module, and a runtime of its own making. Standard library only, for the nodes' Python 3.9."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import stat
import tempfile
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "roles/prefetch/files/nodecache.py"
spec = importlib.util.spec_from_file_location("nodecache_script", SCRIPT)
nodecache = importlib.util.module_from_spec(spec)
spec.loader.exec_module(nodecache)
# What Case puts something else in place of.
real_manifest, real_ecr_api = nodecache.manifest, nodecache.ecr_api
real_kubelet_config, real_connect = nodecache.kubelet_config, nodecache.connect

HOST = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"
APP = HOST + "/team/app"
A, B, C, D = ("sha256:" + letter * 64 for letter in "abcd")
TOKEN = "very-secret-token"
PIN = "io.cri-containerd.pinned"


class FakeRuntime:
    """Holds images as containerd does: names with a digest and labels, several names an image."""

    def __init__(self):
        self.names = {}
        self.remote = {}
        self.pulled = []
        self.fetching = {}
        self.unpacked = set()
        self.in_use = set()
        self.space = (900 << 20, 1000 << 20, True)

    def hold(self, name, digest, **labels):
        self.names[name] = [digest, {key.replace("_", "/", 1): value for key, value in labels.items()}]

    def mark(self, name, digest, pushed, install="main", seconds="1.00"):
        labels = {PIN: "pinned", "nodecache.eks/" + install: f"event:{seconds}:{pushed}:{digest[7:19]}"}
        self.names[name] = [digest, labels]

    def images(self):
        return {
            name: nodecache.Local(digest, dict(labels), "id-" + digest, 42)
            for name, (digest, labels) in list(self.names.items())
        }

    def pull(self, name, token, deadline):
        self.pulled.append((name, token))
        digest = name.partition("@")[2] or self.remote[name]
        repository = name.rpartition("@" if "@" in name else ":")[0]
        for one in (name, repository + "@" + digest):
            labels = self.names.get(one, [None, {}])[1]
            self.names[one] = [digest, labels]

    def ctr(self, group, verb, name, *labels):
        if (group, verb) == ("images", "rm"):
            assert name == "--sync"
            for one in labels:
                if one.startswith("id-"):
                    # The image's own name goes last, when none of the others is left.
                    assert one == labels[-1] and one[3:] not in {digest for digest, _labels in self.names.values()}
                else:
                    del self.names[one]
            return
        assert (group, verb) == ("images", "label")
        kept = self.names[name][1]
        kept.update(label.split("=", 1) for label in labels)
        self.names[name][1] = {key: value for key, value in kept.items() if value}

    def layers(self, digest):
        return {D: 10} if digest in self.unpacked else {}

    def progress(self, digest):
        return self.fetching.get(digest, {})

    def used(self):
        return self.in_use

    def disk(self):
        return self.space

    def version(self):
        return "1.6.20"


class Case(unittest.TestCase):
    """A node of its own for each test: a runtime, a registry and a directory."""

    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.enter = stack.enter_context
        self.path = Path(self.enter(tempfile.TemporaryDirectory()))
        self.runtime = FakeRuntime()
        self.kubelet = {"serializeImagePulls": False}
        self.tags = {}
        self.sizes = {}
        self.replace("LOCKS", str(self.path / "locks"))
        self.replace("KUBELET", str(self.path / "kubelet"))
        self.replace("connect", lambda kubelet: self.runtime)
        self.replace("kubelet_config", lambda: self.kubelet)
        self.ecr_images = []
        self.replace("ecr_api", self.ecr_api)
        self.replace("manifest", self.manifest)

    def replace(self, name, value, of=nodecache):
        self.enter(mock.patch.object(of, name, value))

    def ecr_api(self, ecr, action, **asked):
        if action == "GetAuthorizationToken":
            return {"authorizationData": [{"authorizationToken": TOKEN}]}
        return {"imageDetails": self.ecr_images}

    def manifest(self, image, what, token, *options):
        """Answer as a registry does; without an entry of its own a tag is what the runtime would pull."""
        name = image.repository + ":" + what
        digest = what if what.startswith("sha256:") else self.tags.get(name) or self.runtime.remote.get(name)
        if digest is None:
            raise nodecache.Failure("404 MANIFEST_UNKNOWN")
        layers = [{"digest": D, "size": self.sizes.get(digest, 10), "mediaType": "application/x.tar+gzip"}]
        body = {"config": {"mediaType": nodecache.CONFIGS[0]}, "layers": layers}
        return "HTTP/1.1 200\r\ndocker-content-digest: " + digest + "\r\n", json.dumps(body).encode()

    def run_script(
        self, images, action="prefetch", keep=0, source="event", pushed="", wanted=None, jitter="0", name="main"
    ):
        request = {"name": name, "keep": keep, "action": action, "source": source, "images": images}
        request.update(pushed=pushed, wanted=wanted or {}, jitter=jitter)
        report = {"action": action, "images": [], "ok": False}
        nodecache.work(request, report)
        return report

    def tool(self, name, body):
        """Put a program in front of all others on the PATH."""
        path = self.path / name
        path.write_text("#!/usr/bin/env -S python3 -IS\nimport json, os, sys\n" + body)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        path_variable = str(self.path) + os.pathsep + os.environ["PATH"]
        self.enter(mock.patch.dict(os.environ, {"PATH": path_variable}))
