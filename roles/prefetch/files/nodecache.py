#!/usr/bin/env python3
# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pull, pin and report the images of one install on this node.

Request: JSON on file descriptor 3 with name, keep, action (prefetch or report), source and images.

Report: one JSON line of at most 2,400 bytes on standard output.
  v           1
  action      prefetch or report
  node        instance id
  ok          true when every wanted image is present; the exit code is then 0, else 1
  containerd  version
  free        bytes free on the file system of the images, or null
  images      one entry a wanted image; when none was asked for, every image this install marked
    ref       as asked
    digest    what the node holds under that name, or null
    cached    the wanted image is there
    pinned    the kubelet's garbage collection leaves it alone
    size      bytes, or null
    source    event, association or command: what brought it; null when not ours
    seconds   how long its pull took; null when it was not pulled by this install
    expected  digest the registry names, only when ref does not name it and digest differs
    fetched   bytes of its layers that are here already; with total, only while it is being pulled
    total     compressed bytes of its layers for this platform
    error     only when something went wrong
  error       only when the whole run went wrong
  omitted     only when the line was too long: number of images left out
A line that is too long first gets shorter errors, then loses size, source and seconds (absent
then means null), then digests that ref repeats, then entries.
"""

from __future__ import annotations

import base64
import datetime
import fcntl
import fnmatch
import glob
import hashlib
import hmac
import json
import os
import platform
import random
import re
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request

KUBELET = "/etc/kubernetes/kubelet"
PROVIDERS = "/etc/eks/image-credential-provider"
SOCKET = "unix:///run/containerd/containerd.sock"
LOCKS = "/run/nodecache"
CA_FILES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
PIN = "io.cri-containerd.pinned"
LINE_BYTES = 2400
# Below the document's timeoutSeconds: past that the agent kills the script and nothing is reported.
RUN_SECONDS = 3300
ATTEMPTS = 5
REFERENCE = re.compile(
    r"(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]+)?)/(?P<path>[a-z0-9][a-z0-9._/-]*)"
    r"(?::(?P<tag>[A-Za-z0-9_.*?-]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
ECR = re.compile(
    r"(?P<account>\d{12})\.dkr[.-]ecr(?P<fips>-fips)?\.(?P<region>[a-z0-9-]+)"
    r"\.(?P<suffix>amazonaws\.com(?:\.cn)?|amazonaws\.eu|on\.aws|on\.amazonwebservices\.com\.cn)"
)
MANIFESTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
IMAGE_CONFIGS = ("application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json")
PASSING = re.compile(
    r": (429|5\d\d) [A-Z]|too ?many ?requests|rate exceeded|throttl|time(d )?-?out|deadline exceeded", re.IGNORECASE
)


class Failure(Exception):
    """What the report says when an image could not be had."""


class Passing(Failure):
    """A failure that may be gone on the next attempt: throttling, 5xx, a timeout."""


# A missing tool, an answer that is no JSON, or JSON without what it should hold.
TROUBLE = (Failure, OSError, ValueError, LookupError)


def retry(call, deadline):
    """Call until it works, a lasting failure shows, or attempts or time run out."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return call()
        except Passing:
            pause = random.uniform(0.5, 1) * min(20, 2 ** (attempt - 1))
            if attempt == ATTEMPTS or time.monotonic() + pause > deadline:
                raise
            time.sleep(pause)
    raise AssertionError("unreachable")


# --- protobuf: only what the CRI messages below need ------------------------------------------


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number, value):
    """Encode one length-delimited field from text or from an encoded message."""
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def decode(data):
    """Return {field number: [values]}; values are int or bytes."""
    fields, at = {}, 0
    while at < len(data):
        key, at = read_varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = read_varint(data, at)
        else:
            if kind == 2:
                size, at = read_varint(data, at)
            elif kind in (1, 5):
                size = 8 if kind == 1 else 4
            else:
                raise Failure("the container runtime answered with an unknown protobuf field type")
            if at + size > len(data):
                raise Failure("the container runtime's answer was cut short")
            value, at = data[at : at + size], at + size
        fields.setdefault(key >> 3, []).append(value)
    return fields


def text(fields, number):
    return fields.get(number, [b""])[0].decode()


# --- the container runtime --------------------------------------------------------------------


def kubelet_config():
    """Merge the kubelet's configuration file and its drop-ins, in the kubelet's order."""
    merged = {}
    for path in [KUBELET + "/config.json"] + sorted(glob.glob(KUBELET + "/config.json.d/*.conf")):
        if os.path.exists(path):
            with open(path, encoding="utf-8") as handle:
                merged.update(json.load(handle))
    return merged


class Runtime:
    """The CRI of the kubelet's own endpoints, spoken with curl, and containerd's labels."""

    def __init__(self, kubelet):
        runtime = kubelet.get("containerRuntimeEndpoint") or SOCKET
        self.runtime = runtime.replace("unix://", "", 1)
        self.images = (kubelet.get("imageServiceEndpoint") or runtime).replace("unix://", "", 1)

    def call(self, method, message=b"", seconds=60):
        socket = self.images if method.startswith("ImageService/") else self.runtime
        command = ["curl", "-q", "-sS", "--noproxy", "*", "--http2-prior-knowledge", "--unix-socket", socket]
        command += ["-H", "content-type: application/grpc", "-H", "te: trailers", "--max-time", str(int(seconds))]
        # Trailers come with the headers; a file for them would be one more thing to clean up.
        command += ["--data-binary", "@-", "-D", "/dev/stderr", "http://localhost/runtime.v1." + method]
        body = b"\0" + len(message).to_bytes(4, "big") + message
        done = subprocess.run(command, input=body, capture_output=True)
        headers = done.stderr.decode(errors="replace")
        if done.returncode:
            kind = Passing if done.returncode == 28 else Failure
            raise kind(f"{method} on {socket}: {headers.strip().rpartition(chr(10))[2]}")
        status = re.findall(r"(?im)^grpc-status: *(\d+)", headers)
        if not status or status[-1] != "0":
            said = re.findall(r"(?im)^grpc-message: *(.*?)\r?$", headers)
            message = urllib.request.unquote(said[-1]) if said else "no grpc-status"
            code = int(status[-1]) if status else -1
            raise (Passing if code in (4, 8) or PASSING.search(message) else Failure)(message)
        return decode(done.stdout[5:])

    def status(self, name):
        """Return {id, tags, digests, size} of a local image, or None."""
        answer = self.call("ImageService/ImageStatus", field(1, field(1, name)))
        if 1 not in answer:
            return None
        image = decode(answer[1][0])
        return {
            "id": text(image, 1),
            "names": [item.decode() for item in image.get(2, []) + image.get(3, [])],
            "size": image.get(4, [0])[0],
        }

    def pull(self, name, auth, deadline):
        message = field(1, field(1, name))
        if auth:
            message += field(2, field(1, auth[0]) + field(2, auth[1]))
        retry(lambda: self.call("ImageService/PullImage", message, max(1, deadline - time.monotonic())), deadline)

    def remove(self, image_id):
        self.call("ImageService/RemoveImage", field(1, field(1, image_id)))

    def used(self):
        """Return the ids of images that any container, also a crashed one, needs."""
        answer = self.call("RuntimeService/ListContainers")
        used = set()
        for item in answer.get(1, []):
            container = decode(item)
            used.add(text(container, 5))
            used.add(text(decode(container.get(4, [b""])[0]), 1))
        return used

    def version(self):
        found = re.search(r"\d+\.\d+\.\d+", text(self.call("RuntimeService/Version"), 3))
        return found.group() if found else None

    def disk(self):
        """Return (free, total) bytes of the file system the images live on."""
        systems = self.call("ImageService/ImageFsInfo").get(1, [])
        path = text(decode(decode(systems[0]).get(2, [b""])[0]), 1) if systems else ""
        while path and not os.path.exists(path):
            path = os.path.dirname(path)
        stats = os.statvfs(path or "/var/lib/containerd")
        return stats.f_bavail * stats.f_frsize, stats.f_blocks * stats.f_frsize

    def ctr(self, *arguments, group="images"):
        command = ["ctr", "--address", self.runtime, "-n", "k8s.io", group] + list(arguments)
        done = subprocess.run(command, capture_output=True)
        if done.returncode:
            raise Failure("ctr {} {}: {}".format(group, arguments[0], done.stderr.decode(errors="replace").strip()))
        return done.stdout.decode()

    def progress(self, digest):
        """Return (fetched, total) bytes of the layers of an image that is being pulled, or None."""
        try:
            found = json.loads(self.ctr("get", digest, group="content"))
            if "manifests" in found:
                found = json.loads(self.ctr("get", for_this_machine(found)["digest"], group="content"))
        except Failure:
            # Its manifest is not here: its pull has not begun.
            return None
        here = {}
        for line in self.ctr("active", group="content").splitlines()[1:]:
            part = re.match(r"\S*(sha256:[0-9a-f]{64})\s+([0-9.]+) ?([kMGT]?)i?B", line)
            if part:
                here[part[1]] = int(float(part[2]) * 1000 ** " kMGT".index(part[3] or " "))
        # Asked last: a blob that is finished in between must not be missing from both lists.
        here.update(dict.fromkeys(self.ctr("ls", "-q", group="content").split()))
        layers = {layer["digest"]: layer["size"] for layer in found.get("layers", [])}
        # A finished blob is as large as the manifest says; an unfinished one is given rounded.
        fetched = [min(size, size if here[key] is None else here[key]) for key, size in layers.items() if key in here]
        return sum(fetched), sum(layers.values())

    def labels(self):
        """Return {image name: (digest, labels as ctr prints them)}."""
        rows = [line.split() for line in self.ctr("ls").splitlines()[1:]]
        return {row[0]: (row[2], row[-1]) for row in rows if len(row) > 3}


# --- registry and AWS -------------------------------------------------------------------------


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """urllib would carry the Authorization header to wherever it is sent."""

    def redirect_request(self, *_arguments):
        return None


def http(url, headers=None, data=None, method=None, direct=False):
    """Return the body of an answer; direct leaves out any proxy."""
    context = ssl.create_default_context()
    for path in CA_FILES + (os.environ.get("AWS_CA_BUNDLE", ""),):
        if os.path.exists(path):
            context.load_verify_locations(path)
    handlers = [NoRedirect(), urllib.request.HTTPSHandler(context=context)]
    if direct:
        handlers.append(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, data=data, headers=headers or {}, method=method)
    place = url.split("?")[0]
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=20) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        said = error.read(500).decode(errors="replace")
        passing = error.code == 429 or error.code >= 500 or PASSING.search(said)
        raise (Passing if passing else Failure)(f"{place}: {error.code} {said}") from error
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise (Passing if "timed out" in str(reason) else Failure)(f"{place}: {reason}") from error


def imds(path):
    base = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://169.254.169.254").rstrip("/")
    token = http(base + "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "300"}, b"", "PUT", True)
    return http(base + "/latest/meta-data/" + path, {"X-aws-ec2-metadata-token": token.decode()}, direct=True).decode()


def sign(key, host, region, target, body, now):
    """Return the headers of an AWS JSON call, signed with Signature Version 4."""
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "host": host,
        "x-amz-date": stamp,
        "x-amz-security-token": key["Token"],
        "x-amz-target": target,
    }
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    request = "\n".join(["POST", "/", "", lines, names, hashlib.sha256(body).hexdigest()])
    scope = f"{stamp[:8]}/{region}/ecr/aws4_request"
    signed = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(request.encode()).hexdigest()])
    secret = ("AWS4" + key["SecretAccessKey"]).encode()
    for part in scope.split("/"):
        secret = hmac.new(secret, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(secret, signed.encode(), hashlib.sha256).hexdigest()
    headers["authorization"] = "AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}".format(
        key["AccessKeyId"], scope, names, signature
    )
    return headers


def describe_images(ecr, repository):
    """Return every tagged image of an ECR repository."""
    region, suffix = ecr["region"], ecr["suffix"]
    host = f"api.ecr.{region}.{suffix}"
    if suffix.startswith("on."):
        host = "ecr.{}.api.{}".format(region, "aws" if suffix == "on.aws" else suffix[3:])
    elif ecr["fips"]:
        host = f"ecr-fips.{region}.{suffix}"
    role = imds("iam/security-credentials/").split()[0]
    key = json.loads(imds("iam/security-credentials/" + role))
    asked = {"registryId": ecr["account"], "repositoryName": repository, "filter": {"tagStatus": "TAGGED"}}
    images = []
    while True:
        body = json.dumps(dict(asked, maxResults=1000)).encode()
        target = "AmazonEC2ContainerRegistry_V20150921.DescribeImages"
        now = datetime.datetime.now(datetime.timezone.utc)  # noqa: UP017  Python 3.9
        answer = json.loads(http(f"https://{host}/", sign(key, host, region, target, body, now), body))
        images += answer["imageDetails"]
        if not answer.get("nextToken"):
            return images
        asked["nextToken"] = answer["nextToken"]


def newest(images, pattern):
    """Return (tag, digest) of the newest pushed real image with a tag that matches."""
    found = []
    for image in images:
        if image.get("artifactMediaType", IMAGE_CONFIGS[0]) not in IMAGE_CONFIGS:
            continue
        for tag in image.get("imageTags", []):
            artefact = tag.startswith("sha256-") or tag.endswith((".sig", ".att", "-soci"))
            if not artefact and fnmatch.fnmatchcase(tag, pattern):
                found.append((image["imagePushedAt"], tag, image["imageDigest"]))
    if not found:
        raise Failure(f"no tagged image matches '{pattern}'")
    return max(found)[1:]


def matches(pattern, name):
    """Say whether a kubelet credential provider pattern covers an image name."""
    pattern_host, _, pattern_path = pattern.partition("/")
    host, _, path = name.partition("/")
    wanted, given = pattern_host.split("."), host.split(".")
    same = len(wanted) == len(given) and all(map(fnmatch.fnmatchcase, given, wanted))
    return same and path.startswith(pattern_path)


def credentials(name, ecr):
    """Return (user, password) as the kubelet would get them, or None; they stay in memory."""
    config = PROVIDERS + "/config.json"
    providers = []
    if os.path.exists(config):
        with open(config, encoding="utf-8") as handle:
            providers = json.load(handle).get("providers", [])
    for provider in providers:
        if not any(matches(pattern, name) for pattern in provider.get("matchImages", [])):
            continue
        asked = {"kind": "CredentialProviderRequest", "apiVersion": provider["apiVersion"], "image": name}
        command = [os.path.join(PROVIDERS, provider["name"])] + provider.get("args", [])
        extra = {item["name"]: item["value"] for item in provider.get("env") or []}
        answer = json.loads(run(command, json.dumps(asked).encode(), dict(os.environ, **extra)))
        for pattern, auth in (answer.get("auth") or {}).items():
            if matches(pattern, name):
                return auth["username"], auth["password"]
    if ecr:
        return "AWS", run(["aws", "ecr", "get-login-password", "--region", ecr["region"]]).strip()
    return None


def run(command, data=b"", environment=None):
    try:
        done = subprocess.run(command, input=data, env=environment, capture_output=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        kind = Passing if isinstance(error, subprocess.TimeoutExpired) else Failure
        raise kind(f"{command[0]}: {error}") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise (Passing if PASSING.search(said) else Failure)(f"{command[0]}: {said[-300:]}")
    return done.stdout.decode()


def for_this_machine(index):
    """Return the entry of an image index that this node's platform would pull."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    for item in index["manifests"]:
        if item.get("platform", {}).get("architecture") == machine:
            return item
    raise Failure(f"the image has no manifest for {machine}")


def manifest(host, path, what, auth):
    """Return (digest, bytes of this platform's layers) of an ECR manifest."""
    basic = base64.b64encode(":".join(auth).encode()).decode()
    url = f"https://{host}/v2/{path}/manifests/"
    body = http(url + what, {"Accept": ", ".join(MANIFESTS), "Authorization": "Basic " + basic})
    digest, found = "sha256:" + hashlib.sha256(body).hexdigest(), json.loads(body)
    if "manifests" in found:
        return digest, manifest(host, path, for_this_machine(found)["digest"], auth)[1]
    return digest, sum(layer["size"] for layer in found.get("layers", []))


# --- what the two actions do ------------------------------------------------------------------


class Image:
    """One wanted image: its parts, and the names a Pod may use for it."""

    def __init__(self, ref):
        found = REFERENCE.fullmatch(ref)
        if not found:
            raise Failure("not a full image reference")
        self.ref, self.path, self.host = ref, found["path"], found["host"]
        self.repository = found["host"] + "/" + found["path"]
        self.tag, self.digest = found["tag"], found["digest"]
        self.ecr = ECR.fullmatch(self.host)
        self.auth = None
        if not self.ecr and not self.digest and (not self.tag or re.search(r"[*?]", self.tag)):
            raise Failure("only ECR images may leave the tag out or use a pattern")

    def login(self, deadline):
        if not self.auth:
            self.auth = retry(lambda: credentials(self.repository, self.ecr), deadline)
        return self.auth

    def resolve(self, deadline):
        """Find tag and digest of an ECR image that does not name its digest."""
        if not self.ecr or self.digest:
            return
        if self.tag and not re.search(r"[*?]", self.tag):
            # A plain tag needs no more than the right to pull.
            auth = self.login(deadline)
            self.digest = retry(lambda: manifest(self.host, self.path, self.tag, auth)[0], deadline)
        else:
            images = retry(lambda: describe_images(self.ecr, self.path), deadline)
            self.tag, self.digest = newest(images, self.tag or "*")

    def names(self):
        names = [self.repository + ":" + self.tag] if self.tag else []
        return names + ([self.repository + "@" + self.digest] if self.digest else [])


class Cache:
    def __init__(self, request, runtime, kubelet, deadline):
        self.mark = "nodecache.eks/" + request["name"]
        self.keep, self.source = int(request["keep"]), request["source"]
        self.runtime, self.deadline = runtime, deadline
        self.threshold = int(kubelet.get("imageGCHighThresholdPercent") or 85)

    def own(self, label):
        """Return (source, seconds, time) of this install's mark among an image's labels, or None."""
        found = re.search(r"(?:^|,)" + re.escape(self.mark) + r"=([a-z]+),([0-9.]*),([0-9]+)(?:,|$)", label)
        return (found[1], float(found[2]) if found[2] else None, int(found[3])) if found else None

    def present(self, image):
        """Say whether every name of the image stands for the same local image."""
        found = [self.runtime.status(name) for name in image.names()]
        return all(found) and len({item["id"] for item in found}) == 1

    def room(self, image):
        """Refuse a pull after which the kubelet would start to remove images."""
        size = 0
        if image.ecr:
            auth, what = image.login(self.deadline), image.digest or image.tag
            size = retry(lambda: manifest(image.host, image.path, what, auth)[1], self.deadline)
        free, total = self.runtime.disk()
        after = 100 - (free - size) * 100 // total
        if after > self.threshold:
            raise Failure(f"{size} bytes would fill the disk to {after}%, over {self.threshold}%")

    def prefetch(self, image):
        image.resolve(self.deadline)
        seconds = ""
        if not self.present(image):
            self.room(image)
            auth, began = image.login(self.deadline), time.monotonic()
            self.runtime.pull(image.names()[0], auth, self.deadline)
            # The tag may have moved on since this digest was asked for.
            if not self.runtime.status(image.names()[-1]):
                self.runtime.pull(image.names()[-1], auth, self.deadline)
            seconds = f"{time.monotonic() - began:.2f}"
        labels = self.runtime.labels()
        for name in image.names():
            label = labels.get(name, ("", ""))[1]
            fresh = [f"{self.mark}={self.source},{seconds},{int(time.time())}"]
            # A tag that has moved on belongs to the event of its new digest.
            if name not in labels or image.digest not in (None, labels[name][0]):
                continue
            if seconds or not self.own(label) or PIN + "=pinned" not in label:
                self.runtime.ctr("label", name, PIN + "=pinned", *(fresh if seconds or not self.own(label) else []))

    def let_go(self, image):
        """Unpin, unmark and remove this install's older images of one repository, beyond keep."""
        ages, names, labels = {}, {}, self.runtime.labels()
        for name, (digest, label) in labels.items():
            mark = self.own(label)
            if mark and re.split(r"@|:(?!.*/)", name)[0] == image.repository:
                ages[digest] = max(mark[2], ages.get(digest, 0))
                names.setdefault(digest, []).append(name)
        # What was just asked for is the newest, however long it has been here.
        order = sorted(ages, key=lambda digest: (digest == image.digest, ages[digest]), reverse=True)
        old, used = order[self.keep :], self.runtime.used() if order[self.keep :] else set()
        for digest in old:
            local = self.runtime.status(names[digest][0])
            if not local or local["id"] in used or used & set(local["names"]):
                continue
            for name in names[digest]:
                self.runtime.ctr("label", name, PIN + "=", self.mark + "=")
            # A name that is not ours belongs to someone else: then the kubelet decides.
            if set(local["names"]) <= set(names[digest]):
                self.runtime.remove(local["id"])

    def describe(self, image, labels, strict):
        """Return the report's entry of one image."""
        found = [self.runtime.status(name) for name in image.names()]
        local = found[-1] or found[0]
        marks = [labels.get(name, (None, "")) for name in image.names()]
        same = len({item["id"] for item in found if item}) == 1
        mark = next(filter(None, (self.own(label) for _, label in marks)), (None, None, None))
        held = next((digest for digest, _ in reversed(marks) if digest), None)
        entry = {
            "ref": image.ref,
            "digest": held if local else None,
            # A tag that moved on while it was pulled is no fault of this node.
            "cached": all(found) and (same or not strict),
            "pinned": any(PIN + "=pinned" in label for _, label in marks),
            "size": local["size"] if local else None,
            "source": mark[0],
            "seconds": mark[1],
        }
        if image.digest and image.digest not in (held, image.ref.rpartition("@")[2]):
            entry["expected"] = image.digest
        return entry

    def marked(self, labels):
        """Return references to everything this install marked."""
        ours = {name: digest for name, (digest, label) in labels.items() if self.own(label)}
        tagged = {name + "@" + digest for name, digest in ours.items() if "@" not in name}
        seen = {(re.split(r":(?!.*/)", name.split("@")[0])[0], name.split("@")[1]) for name in tagged}
        plain = {name for name in ours if "@" in name and tuple(name.split("@")) not in seen}
        return sorted(tagged | plain)


def shorten(report):
    """Return the report as one line that Run Command does not cut."""
    images = report["images"]

    def line():
        return json.dumps(report, separators=(",", ":"))

    for limit in (160, 60, 24):
        for item in images + [report]:
            if "error" in item:
                item["error"] = " ".join(item["error"].encode("ascii", "replace").decode().split())[:limit]
        if len(line()) <= LINE_BYTES:
            return line()
    for key in ("size", "source", "seconds", "expected"):
        for item in images:
            item.pop(key, None)
    for item in images if len(line()) > LINE_BYTES else []:
        if item["digest"] and item["ref"].endswith(item["digest"]):
            del item["digest"]
    # Those that are well go first: what is missing is what the reader needs.
    images.sort(key=lambda item: bool(item["cached"]))
    while len(line()) > LINE_BYTES:
        images.pop()
        report["omitted"] = report.get("omitted", 0) + 1
    return line()


def lock(name, deadline):
    """Wait for this install's lock; it lasts as long as the process."""
    os.makedirs(LOCKS, mode=0o700, exist_ok=True)
    handle = open(os.path.join(LOCKS, name + ".lock"), "w", encoding="utf-8")  # noqa: SIM115  work() closes it
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return handle
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise Failure("another run of this install still holds its lock") from None
            time.sleep(0.2)


def wrong(ref, error):
    entry = {"ref": ref, "digest": None, "cached": False, "pinned": False, "size": None}
    return dict(entry, source=None, seconds=None, error=str(error))


def work(request, report):
    """Do what the request asks, and fill the report."""
    deadline = time.monotonic() + RUN_SECONDS
    kubelet = kubelet_config()
    runtime = Runtime(kubelet)
    cache = Cache(request, runtime, kubelet, deadline)
    report["containerd"] = runtime.version()
    wanted = [ref for ref in request["images"] if ref]
    prefetch = request["action"] == "prefetch"
    held = lock(request["name"], deadline) if prefetch else None
    images, errors = {}, {}
    for ref in dict.fromkeys(wanted or ([] if prefetch else cache.marked(runtime.labels()))):
        try:
            images[ref] = Image(ref)
            if prefetch:
                cache.prefetch(images[ref])
                # A late event for an older digest must not push the newer one out.
                if cache.keep and cache.present(images[ref]):
                    cache.let_go(images[ref])
            else:
                images[ref].resolve(deadline)
        except TROUBLE as error:
            errors[ref] = error
            images.setdefault(ref, None)
    labels = runtime.labels()
    for ref, image in images.items():
        if image and image.names() and not re.search(r"[*?]", image.names()[0]):
            entry = cache.describe(image, labels, strict=not prefetch)
            if ref in errors:
                # Without the registry's word, a local image of that name proves nothing.
                entry.update(error=str(errors[ref]), cached=entry["cached"] and bool(image.digest))
            underway = None if prefetch or entry["cached"] or not image.digest else runtime.progress(image.digest)
            if underway:
                entry.update(fetched=underway[0], total=underway[1])
            report["images"].append(entry)
        else:
            report["images"].append(wrong(ref, errors[ref]))
    report["free"] = runtime.disk()[0]
    report["ok"] = all(item["cached"] for item in report["images"])
    if held:
        held.close()


def main():
    with os.fdopen(3, encoding="utf-8") as handle:
        request = json.load(handle)
    # The agent promises neither.
    os.environ.setdefault("HOME", "/root")
    os.environ["PATH"] = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    report = {"v": 1, "action": request["action"], "node": os.environ.get("AWS_SSM_INSTANCE_ID"), "ok": False}
    report.update(containerd=None, free=None, images=[])
    try:
        report["node"] = report["node"] or imds("instance-id")
        work(request, report)
    except TROUBLE as error:
        report["error"] = str(error) or type(error).__name__
        report["ok"] = False
    print(shorten(report))
    return 0 if report["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
