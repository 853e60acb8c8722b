# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The node script's parts: its codec, its references, its retries, and the programs it runs."""

from __future__ import annotations

import json
import os
import re
import time
from unittest import mock

from script_support import (
    APP,
    HOST,
    SCRIPT,
    TOKEN,
    A,
    B,
    C,
    Case,
    D,
    nodecache,
    real_connect,
    real_ecr_api,
    real_kubelet_config,
    real_manifest,
)

field = nodecache.field


def stored(name, digest, labels):
    """Return an image as containerd lists it, with a media type and a size that nobody reads."""
    pairs = b"".join(field(2, field(1, key) + field(2, value)) for key, value in labels.items())
    return field(1, field(1, name) + pairs + field(3, field(1, "application/x") + field(2, digest) + b"\x18\x07"))


class Codec(Case):
    def test_round_trip(self):
        message = nodecache.field(1, nodecache.field(1, "x" * 300)) + nodecache.field(2, b"\xff") + b"\x20\x96\x01"
        fields = nodecache.decode(message)
        self.assertEqual(nodecache.text(nodecache.decode(fields[1][0]), 1), "x" * 300)
        self.assertEqual((fields[2], fields[4], nodecache.text(fields, 9)), ([b"\xff"], [150], ""))

    def test_what_cannot_be_read_is_refused(self):
        for message in (nodecache.field(1, "hello")[:-2], b"\x0d\x01\x02\x03\x04", b"\x0a"):
            with self.subTest(message), self.assertRaises(nodecache.TROUBLE):
                nodecache.decode(message)


class References(Case):
    def test_names(self):
        for ref, names in (
            (APP + ":v1@" + A, [APP + ":v1", APP + "@" + A]),
            (APP + "@" + A, [APP + "@" + A]),
            ("registry.k8s.io/pause:3.9", ["registry.k8s.io/pause:3.9"]),
            ("localhost:5000/a/b:c", ["localhost:5000/a/b:c"]),
            (APP, []),
            (APP + ":v*", []),
        ):
            self.assertEqual(nodecache.Image(ref).names(), names)

    def test_refused(self):
        for ref in ("app", APP + ":$(id)", APP + "@sha256:12", "h/a:b\n", "", "h/A:b", "-h/a"):
            with self.subTest(ref), self.assertRaises(nodecache.Failure):
                nodecache.Image(ref)

    def test_ecr_hosts(self):
        for host, region in (
            (HOST, "eu-central-1"),
            ("123456789012.dkr.ecr-fips.us-east-1.amazonaws.com", "us-east-1"),
            ("123456789012.dkr-ecr.us-east-1.on.aws", "us-east-1"),
            ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ):
            self.assertEqual(nodecache.ECR.fullmatch(host)["region"], region)
        self.assertIsNone(nodecache.ECR.fullmatch(HOST + ".example.org"))

    def test_the_newest_is_one_that_a_node_can_run(self):
        self.ecr_images = [
            {"imagePushedAt": 1, "imageTags": ["v1"], "imageDigest": A},
            {"imagePushedAt": 2, "imageTags": ["v2", "other"], "imageDigest": B},
            {"imagePushedAt": 3, "imageTags": ["sha256-" + "a" * 64 + ".sig", "v3-soci"], "imageDigest": C},
            {"imagePushedAt": 4, "imageTags": ["v9"], "imageDigest": C, "artifactMediaType": "application/vnd.helm"},
        ]
        ecr = nodecache.ECR.fullmatch(HOST)
        for pattern, newest in (("v*", (2, ["v2"], B)), ("v*-soci", (3, ["v3-soci"], C)), ("w*", None)):
            self.assertEqual(nodecache.newest(ecr, "team/app", pattern), newest)

    def test_an_index_gives_this_machines_image(self):
        index = {
            "manifests": [
                {"digest": A, "platform": {"architecture": "arm64"}, "artifactType": "application/vnd.amazon.soci"},
                {"digest": D, "platform": {"architecture": "amd64", "os": "windows"}},
                {"digest": B, "platform": {"architecture": "arm64", "os": "linux"}},
                {"digest": C, "platform": None},
            ]
        }
        for machine, digest in (("aarch64", B), ("x86_64", C)):
            with mock.patch.object(nodecache.os, "uname", lambda machine=machine: mock.Mock(machine=machine)):
                texts = {A: json.dumps(index), digest: '{"layers": []}'}
                self.assertEqual(nodecache.for_this_machine(texts.get, A), {"layers": []})


class Retries(Case):
    def test_only_what_may_pass_is_tried_again(self):
        pauses, calls = [], []
        self.replace("sleep", pauses.append, nodecache.time)

        def throttled():
            calls.append(1)
            if len(calls) < 3:
                raise nodecache.Failure("429", passing=True)
            return "done"

        self.assertEqual(nodecache.retry(time.monotonic() + 60, throttled), "done")
        self.assertTrue(len(pauses) == 2 and pauses[1] > 0.9)

        def refused():
            calls.append(1)
            raise nodecache.Failure("403")

        with self.assertRaises(nodecache.Failure):
            nodecache.retry(time.monotonic() + 60, refused)
        self.assertEqual(len(calls), 4)

    def test_messages(self):
        for said, passing in (
            ("unexpected status code https://h/v2/a/manifests/v1: 503 Service Unavailable", True),
            ("unexpected status from HEAD request to https://h/v2: 429 Too Many Requests", True),
            ("toomanyrequests: Rate exceeded", True),
            ("dial tcp 10.0.0.1:443: i/o timeout", True),
            ("h/a:v500: not found", False),
            ("unexpected status code https://h/v2/a/manifests/v1: 403 Forbidden", False),
            ("no basic auth credentials", False),
        ):
            self.assertEqual(nodecache.Failure(said).passing, passing, said)


CURL = """
config = open(sys.argv[sys.argv.index("-K") + 1]).read()
data = sys.stdin.buffer.read()
open({seen!r}, "a").write(json.dumps([sys.argv, dict(os.environ), config, data.decode("latin-1")]) + "\\n")
sys.stderr.write({headers!r})
sys.stdout.buffer.write({body!r})
sys.exit({code})
"""


class Programs(Case):
    def curl(self, headers="HTTP/2 200\r\n\r\ngrpc-status: 0\r\n", body=bytes(5), code=0):
        self.seen = self.path / "seen"
        self.tool("curl", CURL.format(seen=str(self.seen), headers=headers, body=body, code=code))

    def calls(self):
        return [json.loads(line) for line in self.seen.read_text().splitlines()]

    def test_the_token_is_only_in_pipes(self):
        self.curl()
        nodecache.Runtime({}).pull(APP + ":v1", TOKEN, time.monotonic() + 60)
        arguments, environment, config, data = self.calls()[0]
        self.assertIn(TOKEN, data)
        self.assertNotIn(TOKEN, json.dumps([arguments, environment, config]))
        self.assertIn('unix-socket = "/run/containerd/containerd.sock"', config)

    def test_grpc_failures(self):
        for code, passing in ((5, False), (8, True), (4, True), (2, False), (14, True)):
            self.curl(f"HTTP/2 200\r\n\r\ngrpc-status: {code}\r\ngrpc-message: no %20 luck\r\n")
            with self.assertRaisesRegex(nodecache.Failure, "no   luck") as caught:
                nodecache.Runtime({}).call("ImageService/ListImages")
            self.assertEqual(caught.exception.passing, passing)

    def test_curls_own_failures(self):
        for code, passing in ((7, True), (28, True), (60, False)):
            self.curl(headers="curl: (60) no trust\n", code=code)
            with self.assertRaisesRegex(nodecache.Failure, "https://h/: .*no trust") as caught:
                nodecache.curl("https://h/?query")
            self.assertEqual(caught.exception.passing, passing)

    def test_the_images_are_those_of_the_kubelet_with_containerds_labels(self):
        image = nodecache.field(1, "id-1") + nodecache.field(2, APP + ":v1") + nodecache.field(3, APP + "@" + A)
        labels = {"io.cri-containerd.image": "managed", "x/y": "a:b, nodecache.eks/main=\n c"}
        answers = {
            "ImageService/ListImages": nodecache.field(1, image + b"\x20\x2a"),
            "containerd.services.images.v1.Images/List": b"".join(
                stored(name, A, labels) for name in (APP + ":v1", APP + "@" + A, APP + ":unknown")
            ),
        }
        self.replace("call", lambda _self, method: nodecache.decode(answers[method]), nodecache.Runtime)
        images = nodecache.Runtime({}).images()
        self.assertEqual(images[APP + ":v1"], nodecache.Local(A, labels, "id-1", 42))
        self.assertEqual(images[APP + ":unknown"], nodecache.Local(A, labels, None, None))

    def test_a_registrys_own_token_is_asked_for(self):
        answers = [
            (401, 'HTTP/2 401\r\nWWW-Authenticate: Bearer realm="https://auth/token",service="reg",scope="x"\r\n', b""),
            (200, "", b'{"token": "anonymous"}'),
            (200, "HTTP/2 200\r\n", b"{}"),
        ]
        asked = []

        def curl(url, headers=(), *_arguments, **_more):
            asked.append((url, [header for header in headers if header.startswith("Auth")]))
            return answers[len(asked) - 1]

        self.replace("curl", curl)
        _headers, body = real_manifest(nodecache.Image("docker.io/library/busybox:1"), "1", None)
        self.assertEqual(body, b"{}")
        self.assertEqual(
            asked,
            [
                ("https://registry-1.docker.io/v2/library/busybox/manifests/1", []),
                ("https://auth/token?service=reg&scope=repository%3Alibrary%2Fbusybox%3Apull", []),
                ("https://registry-1.docker.io/v2/library/busybox/manifests/1", ["Authorization: Bearer anonymous"]),
            ],
        )

    def test_each_kind_of_ecr_host_has_its_api(self):
        asked = []
        self.replace("imds", lambda path: '{"AccessKeyId": "A", "SecretAccessKey": "S", "Token": "T"}')
        self.replace("curl", lambda url, *_arguments: asked.append(url) or (200, "", b"{}"))
        for host, api in (
            (HOST, "api.ecr.eu-central-1.amazonaws.com"),
            ("123456789012.dkr.ecr-fips.us-east-1.amazonaws.com", "ecr-fips.us-east-1.amazonaws.com"),
            ("123456789012.dkr-ecr.us-east-1.on.aws", "ecr.us-east-1.api.aws"),
            ("123456789012.dkr-ecr-fips.us-east-1.on.aws", "ecr-fips.us-east-1.api.aws"),
            ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "api.ecr.cn-north-1.amazonaws.com.cn"),
        ):
            real_ecr_api(nodecache.ECR.fullmatch(host), "DescribeImages")
            self.assertEqual(asked.pop(), f"https://{api}/")

    def test_kubelet_drop_ins_win(self):
        (self.path / "config.json").write_text(json.dumps({"containerRuntimeEndpoint": "unix:///a", "x": 1}))
        (self.path / "config.json.d").mkdir()
        (self.path / "config.json.d/10-a.conf").write_text(json.dumps({"imageServiceEndpoint": "unix:///soci"}))
        self.replace("KUBELET", str(self.path))
        runtime = nodecache.Runtime(real_kubelet_config())
        self.assertEqual((runtime.runtime, runtime.service), ("/a", "/soci"))

    def test_a_drop_in_changes_only_what_it_names_as_the_kubelet_lays_a_merge_patch_over_its_file(self):
        file = {"evictionHard": {"nodefs.available": "10%", "memory.available": "100Mi"}, "maxPods": 17}
        (self.path / "config.json").write_text(json.dumps(file))
        (self.path / "config.json.d").mkdir()
        for name, text in (("20-b", {"evictionHard": {"imagefs.available": "25%"}}), ("10-a", {"maxPods": 5})):
            (self.path / f"config.json.d/{name}.conf").write_text(json.dumps(text))
        self.replace("KUBELET", str(self.path))
        hard = {"nodefs.available": "10%", "memory.available": "100Mi", "imagefs.available": "25%"}
        self.assertEqual(real_kubelet_config(), {"evictionHard": hard, "maxPods": 5})

    def test_progress_counts_finished_and_unfinished_layers(self):
        self.replace("uname", lambda: mock.Mock(machine="aarch64"), nodecache.os)
        children = {"amd64": B, "arm64": C}
        index = {"manifests": [{"digest": children[arch], "platform": {"architecture": arch}} for arch in children]}
        done, layer, other = ("sha256:" + letter * 64 for letter in "def")
        sizes = {done: 500, layer: 5_000_000, other: 7}
        manifest = {"layers": [{"digest": digest, "size": size} for digest, size in sizes.items()]}
        for shown, fetched in (("0B", 500), ("1.2kB", 1700), ("3.75MB", 3_750_500), ("1.5GB", 5_000_500)):
            self.tool("ctr", CONTENT.format(blobs={A: index, C: manifest}, finished=done, active=layer, size=shown))
            self.assertEqual(nodecache.Runtime({}).progress(A), {"fetched": fetched, "total": 5_000_507})
            self.assertEqual(nodecache.Runtime({}).progress(other), {})


CONTENT = """
blobs = {blobs!r}
if sys.argv[-2:-1] == ["get"]:
    if sys.argv[-1] not in blobs:
        sys.exit("ctr: content " + sys.argv[-1] + ": not found")
    print(json.dumps(blobs[sys.argv[-1]]))
elif sys.argv[-2:] == ["ls", "-q"]:
    print("\\n".join(list(blobs) + [{finished!r}]))
elif sys.argv[-1] == "active":
    print("REF\\tSIZE\\tAGE\\nlayer-{active}\\t{size}\\t2 seconds\\t\\nupload-1\\t1B\\t2 hours\\t")
"""


class Node(Case):
    def test_a_broken_runtime_is_told_in_the_report(self):
        self.replace("connect", real_connect)
        self.replace("SOCKET", "unix://" + str(self.path / "none.sock"))
        code, report = self.main()
        self.assertEqual((code, report["node"], report["ok"]), (1, "i-0abc", False))
        self.assertIn("not an EKS-optimised Amazon Linux node", report["error"])

    def main(self):
        request = {"name": "main", "keep": 0, "action": "report", "source": "command", "images": [""]}
        (self.path / "request").write_text(json.dumps(dict(request, pushed="", wanted={}, jitter="0")))
        self.replace("fdopen", lambda *_a, **_k: (self.path / "request").open(), nodecache.os)
        with mock.patch.dict(os.environ, {"AWS_SSM_INSTANCE_ID": "i-0abc"}), mock.patch("builtins.print") as printed:
            code = nodecache.main()
        return code, json.loads(printed.call_args[0][0])

    def test_other_platforms_are_told_what_to_use(self):
        self.replace("connect", real_connect)
        # The agent of Bottlerocket sits in a container, of Amazon Linux, that has this folder of the host's.
        self.replace("BOTTLEROCKET", str(self.path / "bottlerocket"))
        self.replace("SOCKET", "unix://" + str(self.path / "none.sock"))
        self.assertRegex(self.main()[1]["error"], "none.sock: not an EKS-optimised .* use SOCI")
        (self.path / "bottlerocket").mkdir()
        self.assertRegex(self.main()[1]["error"], "Bottlerocket .* snapshot")

    def test_a_lock_lets_one_in_at_a_time(self):
        with nodecache.lock(APP, time.monotonic() + 5):
            with nodecache.lock(HOST + "/other", time.monotonic() + 5):
                pass
            with self.assertRaisesRegex(nodecache.Failure, "another run"), nodecache.lock(APP, time.monotonic()):
                pass
        with nodecache.lock(APP, time.monotonic()):
            pass


class Source(Case):
    def test_the_script_fits_into_a_document(self):
        text = SCRIPT.read_text()
        for taboo in ("{{", "$$", "NODECACHE_"):
            self.assertNotIn(taboo, text)
        self.assertLess(len(json.dumps(text.splitlines())), 45_000)

    def test_parameters_reach_it_only_inside_quoted_here_documents(self):
        template = (SCRIPT.parents[1] / "templates/document.yml.j2").read_text()
        self.assertIn("<<'NODECACHE_REQUEST'", template)
        self.assertIn("<<'NODECACHE_SCRIPT'", template)
        for pattern in re.findall(r'allowedPattern: "(.*)"', template):
            self.assertTrue(pattern.startswith("^") and pattern.endswith("$"))
            for hostile in ("a/b:$(reboot)", 'a/b"', "a/b\n", "a/b;x", "a/b:v1\nNODECACHE_REQUEST"):
                self.assertIsNone(re.search(pattern.replace("$", r"\Z"), hostile))
