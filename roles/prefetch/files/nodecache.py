# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pull, pin, report and let go of the images of one install on this node.

Request: JSON on file descriptor 3. Of the install: name, keep, and wanted, how many to keep of
each reference on any node. Of this run: action, source, pushed, jitter and images.
  prefetch  pull and pin images; an association also lets go of ours that are wanted no more
  report    only look, at images; without any at all that this install marked
  release   let go of images; without any of all that this install marked
Report: one JSON line of at most 2,400 bytes on standard output; docs/report.md says more.
  v, action, node, containerd, free    1, as asked, instance id, version, bytes free for images
  ok                 nothing is left to be done; the exit code is then 0, else 1
  error              only when the whole run went wrong
  omitted, missing   only when the line was too long: images left out; of all images, those not well
  images             one entry an image:
    ref, digest      as asked; what the node holds under that name, or null
    cached, pinned   it is there under every name ref gives it; garbage collection leaves it alone
    size, source     bytes; event, association or command that brought it, null when not ours
    seconds          how long its pull took, null when this install did not pull it
    expected         digest the registry names, only when ref does not name it and digest differs
    fetched, total   compressed bytes of its layers here and in all, only while it is being pulled
    skipped, error   why nothing had to be done; what went wrong
"""

import calendar
import collections
import concurrent.futures
import contextlib
import fcntl
import fnmatch
import functools
import glob
import hashlib
import json
import os
import random
import re
import subprocess
import sys
import threading
import time
from urllib.parse import unquote, urlencode

KUBELET, SOCKET = "/etc/kubernetes/kubelet", "unix:///run/containerd/containerd.sock"
STORE, LOCKS, BOTTLEROCKET = "/var/lib/containerd", "/run/nodecache", "/.bottlerocket"
PIN, MARKS = "io.cri-containerd.pinned", "nodecache.eks/"
# RUN_SECONDS stay below the document's timeoutSeconds: past that the agent kills the script and nothing is reported.
# UNPACKED is what usual layers take, for each compressed byte.
LINE_BYTES, ATTEMPTS, RUN_SECONDS, UNPACKED = 2400, 5, 3300, 2.5
REFERENCE = re.compile(
    r"(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]+)?)/(?P<path>[a-z0-9][a-z0-9._/-]*)"
    r"(?::(?P<tag>[A-Za-z0-9_.*?-]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
ECR = re.compile(
    r"(?P<account>\d{12})\.dkr[.-]ecr(?P<fips>-fips)?\.(?P<region>[a-z0-9-]+)"
    r"\.(?P<suffix>amazonaws\.com(?:\.cn)?|amazonaws\.eu|on\.aws|on\.amazonwebservices\.com\.cn)"
)
OCI, DOCKER = "application/vnd.oci.image.", "application/vnd.docker."
CONFIGS = (OCI + "config.v1+json", DOCKER + "container.image.v1+json")
ACCEPT = f"Accept: {OCI}index.v1+json, {OCI}manifest.v1+json, "
ACCEPT += f"{DOCKER}distribution.manifest.list.v2+json, {DOCKER}distribution.manifest.v2+json"
# Signatures, attestations, bills of materials and SOCI indexes have tags too.
ARTEFACT = re.compile(r"sha256-[0-9a-f]{64}.*|.*\.(sig|att|sbom)|.*-soci")
MARK = re.compile(r"(?P<source>[a-z]+):(?P<seconds>[0-9.]*):(?P<pushed>\d+):(?P<digest>[0-9a-f]+)(:(?P<tag>.*))?")
# Throttling, 5xx and timeouts; of curl: no connection, one that broke off, a timeout.
PASSING = re.compile(r": (429|5\d\d) |too ?many ?requests|rate exceeded|throttl|time(d )?-?out|deadline exceeded", re.I)
PASSING_CURL, OUTRUN = (7, 16, 18, 28, 35, 52, 56, 92), "newer ones are here, as many as are kept"
# One name of a local image; the kubelet sees the image when it has an id.
Local = collections.namedtuple("Local", "digest labels id size")


class Failure(Exception):
    """Why an image could not be had; what is passing may be gone on the next attempt."""

    def __init__(self, message, passing=False):
        super().__init__(message)
        self.passing = passing or bool(PASSING.search(message))


class Skip(Exception):
    """Why nothing has to be done for an image."""


# A missing tool or one that hangs, an answer that is no JSON, or JSON with something else than it should hold.
TROUBLE = (Failure, OSError, ValueError, LookupError, TypeError, AttributeError, subprocess.SubprocessError)


def retry(deadline, call, *arguments):
    """Call until it works, a lasting failure shows, or attempts or time run out."""
    for attempt in range(ATTEMPTS):
        try:
            return call(*arguments)
        except Failure as error:
            pause = random.uniform(0.5, 1) * min(20, 2**attempt)
            if not error.passing or attempt == ATTEMPTS - 1 or time.monotonic() + pause > deadline:
                raise
            time.sleep(pause)


def curl(url, headers=(), data=None, options=(), seconds=20, allowed=(200,)):
    """Return (status, headers, body). What may be secret reaches curl through pipes, never its command line."""
    lines = ["url = " + json.dumps(url), *options] + ["header = " + json.dumps(header) for header in headers]
    reading, writing = map(os.fdopen, os.pipe(), "rw")
    with reading:
        with writing:
            writing.write("\n".join(lines + ['data-binary = "@-"'] * (data is not None)))
        command = ["curl", "-q", "-sS", "-D", "/dev/stderr", "--connect-timeout", "5", "--max-time", str(int(seconds))]
        command += ["-K", f"/dev/fd/{reading.fileno()}"]
        done = subprocess.run(command, input=data or b"", pass_fds=[reading.fileno()], capture_output=True, check=False)
    said, place = done.stderr.decode(errors="replace"), url.partition("?")[0]
    if done.returncode:
        raise Failure(f"{place}: {(said.splitlines() or ['?'])[-1]}", done.returncode in PASSING_CURL)
    status = int(re.findall(r"(?m)^HTTP/\S+ (\d+)", said)[-1])
    if status not in allowed:
        raise Failure(f"{place}: {status} {done.stdout[:1000].decode(errors='replace')}")
    return status, said, done.stdout


# --- the container runtime: CRI messages, which are protobuf, through curl; ctr for labels ----


def varint(value):
    return bytes([value & 0x7F | 0x80]) + varint(value >> 7) if value > 0x7F else bytes([value])


def field(number, value):
    """Encode one length-delimited field from text or from an encoded message."""
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def decode(data):
    """Return {field number: [values]}; values are int or bytes."""
    fields, at = {}, 0

    def number():
        nonlocal at
        at, byte = at + 1, data[at]
        return byte & 0x7F | number() << 7 if byte > 0x7F else byte

    while at < len(data):
        key, value = number(), number()
        if key & 7 == 2:
            at, value = at + value, data[at : at + value]
        if key & 7 not in (0, 2) or at > len(data):
            raise Failure("the container runtime's answer cannot be read")
        fields.setdefault(key >> 3, []).append(value)
    return fields


def text(fields, *numbers):
    """Return the text of a field, or of a field of a field."""
    data = fields.get(numbers[0], [b""])[0]
    return text(decode(data), *numbers[1:]) if numbers[1:] else data.decode()


def size_of(value, total=0):
    """Return the bytes that somebody wrote as 10% (of the total), 1Gi, 500M or 1.5 MB."""
    number, unit, binary = re.match(r"([0-9.]+) ?([%kKMGTP]?)(i?)", value).groups()
    if unit == "%":
        return float(number) * total / 100
    return float(number) * (1024 if binary else 1000) ** "-KMGTP".index(unit.upper() or "-")


def kubelet_config():
    """Merge the kubelet's configuration file and its drop-ins, in the kubelet's order."""
    merged = {}
    for path in glob.glob(KUBELET + "/config.json") + sorted(glob.glob(KUBELET + "/config.json.d/*.conf")):
        with open(path, encoding="utf-8") as handle:
            for key, value in json.load(handle).items():
                merged[key] = {**merged.get(key, {}), **value} if isinstance(value, dict) else value
    return merged


def for_this_machine(get, digest):
    """Return the manifest of the image that this node would pull; get returns the text of any manifest."""
    found, kind = json.loads(get(digest)), os.uname().machine
    if "manifests" not in found:
        return found
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(kind, kind)
    for item in found["manifests"]:
        # Where nothing says for whom it is, the runtime looks into it.
        system = {"os": "linux", "architecture": machine, **(item.get("platform") or {})}
        if (system["os"], system["architecture"]) == ("linux", machine) and not item.get("artifactType"):
            return json.loads(get(item["digest"]))
    raise Skip(f"it has no image for {machine}")


class Runtime:
    """The CRI endpoints of the kubelet."""

    def __init__(self, kubelet):
        runtime = kubelet.get("containerRuntimeEndpoint") or SOCKET
        service = kubelet.get("imageServiceEndpoint") or runtime
        self.runtime, self.service = runtime.replace("unix://", "", 1), service.replace("unix://", "", 1)

    def call(self, method, message=b"", seconds=60):
        socket = self.service if method.startswith("ImageService/") else self.runtime
        options = ["http2-prior-knowledge", 'noproxy = "*"', "unix-socket = " + json.dumps(socket)]
        headers = ["content-type: application/grpc", "te: trailers", "containerd-namespace: k8s.io"]
        url = "http://localhost/" + "runtime.v1." * (not method.startswith("containerd.")) + method
        # One byte of flags, none of them set, and four of length.
        _status, said, answer = curl(url, headers, len(message).to_bytes(5, "big") + message, options, seconds)
        code = int(([-1] + re.findall(r"(?im)^grpc-status: *(\d+)", said))[-1])
        if code:
            why = (["no grpc-status"] + re.findall(r"(?im)^grpc-message: *(.*?)\r?$", said))[-1]
            raise Failure(unquote(why), code in (4, 8, 14))
        return decode(answer[5:])

    def ctr(self, *arguments):
        command = ["ctr", "--address", self.runtime, "-n", "k8s.io", *arguments]
        done = subprocess.run(command, capture_output=True, timeout=60, check=False)
        if done.returncode:
            raise Failure(f"ctr: {done.stderr.decode(errors='replace').strip()[-300:]}")
        return done.stdout.decode()

    def version(self):
        return (re.findall(r"\d+\.\d+\.\d+", text(self.call("RuntimeService/Version"), 3)) or [None])[0]

    def images(self):
        """Return {name: Local}."""
        known, found = {}, {}
        for image in map(decode, self.call("ImageService/ListImages").get(1, [])):
            for name in image.get(2, []) + image.get(3, []):
                known[name.decode()] = (text(image, 1), image.get(4, [0])[0])
        # Not what ctr prints: whoever can push chooses names of platforms, which there may look like labels and rows.
        for image in map(decode, self.call("containerd.services.images.v1.Images/List").get(1, [])):
            labels = {text(label, 1): text(label, 2) for label in map(decode, image.get(2, []))}
            found[text(image, 1)] = Local(text(image, 3, 2), labels, *known.get(text(image, 1), (None, None)))
        return found

    def pull(self, name, token, deadline):
        auth = field(2, field(3, token)) if token else b""
        return self.call("ImageService/PullImage", field(1, field(1, name)) + auth, max(1, deadline - time.monotonic()))

    def used(self):
        """Return the ids and names of images that any container, also a crashed one, needs."""
        containers = [decode(item) for item in self.call("RuntimeService/ListContainers").get(1, [])]
        return {name for one in containers for name in (text(one, 5), text(one, 4, 1))}

    def disk(self):
        """Return (free, total) bytes of the images' file system, and whether the kubelet's own files share it."""
        path, kubelet = text(self.call("ImageService/ImageFsInfo"), 1, 2, 1) or STORE, "/var/lib/kubelet"
        while not os.path.exists(path):
            path = os.path.dirname(path)
        stats = os.statvfs(path)
        shared = not os.path.exists(kubelet) or os.stat(kubelet).st_dev == os.stat(path).st_dev
        return stats.f_bavail * stats.f_frsize, stats.f_blocks * stats.f_frsize, shared

    def layers(self, digest):
        """Return {digest: compressed bytes} of an image's layers, or nothing when its manifest is not here."""
        try:
            found = for_this_machine(lambda one: self.ctr("content", "get", one), digest)
        except (Failure, Skip):
            return {}
        return {layer["digest"]: layer["size"] for layer in found.get("layers", [])}

    def progress(self, digest):
        """Return fetched and total bytes of the layers of an image that is being pulled, if it is."""
        layers, active = self.layers(digest), self.ctr("content", "active")
        here = {key: int(size_of(size)) for key, size in re.findall(r"(?m)^\S*(sha256:[0-9a-f]{64})\s+(\S+)", active)}
        # Asked last: a blob that is finished in between must not be missing from both lists.
        here.update(dict.fromkeys(self.ctr("content", "ls", "-q").split(), float("inf")))
        fetched = sum(min(size, here.get(digest, 0)) for digest, size in layers.items())
        return {"fetched": fetched, "total": sum(layers.values())} if layers else {}


# --- AWS, signed by curl: the AWS CLI takes most of a second to start. And any registry -------


@functools.lru_cache(None)
def imds(path):
    base = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://169.254.169.254").rstrip("/")
    life, direct = ["X-aws-ec2-metadata-token-ttl-seconds: 300"], ['noproxy = "*"']
    token = curl(base + "/latest/api/token", life, options=direct + ['request = "PUT"'])[2].decode()
    return curl(f"{base}/latest/meta-data/{path}", ["X-aws-ec2-metadata-token: " + token], options=direct)[2].decode()


def ecr_api(ecr, action, **asked):
    """Ask ECR's API as the node's own role, which is who the kubelet's credential provider is as well."""
    region, suffix = ecr["region"], ecr["suffix"]
    host = ("ecr-fips" if ecr["fips"] else "api.ecr") + f".{region}.{suffix}"
    if suffix.startswith("on."):
        host = f"ecr{ecr['fips'] or ''}.{region}.api." + ("aws" if suffix == "on.aws" else suffix[3:])
    key = json.loads(imds("iam/security-credentials/" + imds("iam/security-credentials/").split()[0]))
    headers = ["content-type: application/x-amz-json-1.1", "x-amz-security-token: " + key["Token"]]
    headers += ["x-amz-target: AmazonEC2ContainerRegistry_V20150921." + action]
    signed = [f'aws-sigv4 = "aws:amz:{region}:ecr"', f'user = "{key["AccessKeyId"]}:{key["SecretAccessKey"]}"']
    return json.loads(curl(f"https://{host}/", headers, json.dumps(asked).encode(), signed)[2])


def artefact(tag, pattern):
    """Say whether a tag is no image; whoever wants -soci tags says so in the pattern."""
    return ARTEFACT.fullmatch(tag) and not (pattern.endswith("-soci") and tag.endswith("-soci"))


def newest(ecr, repository, pattern):
    """Return (time, tags, digest) of the newest pushed real image with tags that match, or None."""
    found, asked = [], {"registryId": ecr["account"], "repositoryName": repository, "filter": {"tagStatus": "TAGGED"}}
    while asked:
        answer = ecr_api(ecr, "DescribeImages", maxResults=1000, **asked)
        for image in answer["imageDetails"]:
            if image.get("artifactMediaType", CONFIGS[0]) in CONFIGS:
                tags = [tag for tag in fnmatch.filter(image["imageTags"], pattern) if not artefact(tag, pattern)]
                found += [(image["imagePushedAt"], sorted(tags), image["imageDigest"])] * bool(tags)
        asked = answer.get("nextToken") and dict(asked, nextToken=answer["nextToken"])
    return max(found, default=None)


def manifest(image, what, token, *options):
    """Return (headers, body) of a manifest; a registry that wants a token of its own is asked for one."""
    host = "registry-1.docker.io" if image.host == "docker.io" else image.host
    url, login = f"https://{host}/v2/{image.path}/manifests/{what}", ["Authorization: Basic " + token] if token else []
    status, headers, body = curl(url, [ACCEPT, *login], options=options, allowed=(200, 401))
    if status == 401:
        asks = re.search(r'(?im)^www-authenticate: *bearer .*?realm="(https://[^"]+)"(.*service="([^"]*)")?', headers)
        if not asks:
            raise Failure(f"{url}: 401, the registry does not take these credentials")
        query = urlencode({"service": asks[3] or "", "scope": f"repository:{image.path}:pull"})
        answer = json.loads(curl(asks[1] + "?" + query)[2])
        bearer = "Authorization: Bearer " + (answer.get("token") or answer["access_token"])
        _status, headers, body = curl(url, [ACCEPT, bearer], options=options)
    return headers, body


# --- images, their names and marks ------------------------------------------------------------


class Image:
    """One reference: its parts, and the names a Pod may use for it."""

    def __init__(self, ref, keep=None):
        found = REFERENCE.fullmatch(ref)
        if not found:
            raise Failure("not a full image reference")
        self.ref, self.path, self.host, self.keep = ref, found["path"], found["host"], keep
        self.repository, self.tag, self.digest = f"{self.host}/{self.path}", found["tag"] or "*", found["digest"]
        self.ecr, self.named, self.pushed, self.moved = ECR.fullmatch(self.host), self.digest, None, False
        self.tags, self.since = [] if re.search(r"[*?]", self.tag) else [self.tag], int(time.time())

    def names(self):
        names = [] if self.moved else [self.repository + ":" + tag for tag in self.tags]
        return names + ([self.repository + "@" + self.digest] if self.digest else [])

    def fits(self, key, tags):
        """Say whether this reference speaks of an image with these tags; where none is known it may be any."""
        same = key[0] == self.repository and (not key[1] or self.digest in (None, key[1]))
        return same and (not tags or bool(fnmatch.filter(tags, self.tag)))

    def present(self, local):
        """Say whether the kubelet finds the very same image under every name."""
        rows = [local.get(name) for name in self.names()]
        return all(row and row.id and self.digest in (None, row.digest) for row in rows)


def repository_of(name):
    return re.split(r"@|:(?!.*/)", name)[0]


@contextlib.contextmanager
def lock(what, deadline, kind=fcntl.LOCK_EX):
    """Keep other runs off; a lock lasts no longer than its process. What is written in it is promised."""
    os.makedirs(LOCKS, mode=0o700, exist_ok=True)
    name = hashlib.sha256(what.encode()).hexdigest()[:16]
    with open(f"{LOCKS}/{name}.lock", "a", encoding="utf-8") as handle:
        while True:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(handle, kind | fcntl.LOCK_NB)
                break
            if time.monotonic() > deadline:
                raise Failure("another run is still at work")
            time.sleep(0.1)
        handle.truncate(0)
        yield handle


def promised():
    """Return the bytes of disk that the pulls of all runs on this node were promised."""
    total = 0
    for path in glob.glob(LOCKS + "/*.lock"):
        with open(path, encoding="utf-8") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                total += int(handle.read() or 0)
    return total


# --- what one run does ------------------------------------------------------------------------


class Cache:
    def __init__(self, request, kubelet, runtime):
        self.mark, self.action, self.source = MARKS + request["name"], request["action"], request["source"]
        # Zero keeps all.
        self.keep, pushed = request["keep"] or sys.maxsize, request["pushed"]
        self.pushed = calendar.timegm(time.strptime(pushed, "%Y-%m-%dT%H:%M:%SZ")) if pushed else None
        self.wanted = [Image(ref, keep or sys.maxsize) for ref, keep in request["wanted"].items()]
        self.kubelet, self.runtime, self.deadline = kubelet, runtime, time.monotonic() + RUN_SECONDS
        self.guard, self.tokens, self.local = threading.Lock(), {}, {}
        self.begin = time.monotonic() + random.uniform(0, int(request["jitter"]))
        self.workers = 1 if kubelet.get("serializeImagePulls", True) else kubelet.get("maxParallelImagePulls") or 4

    def own(self, row):
        """Return this install's mark, when it was made for what the name stands for now."""
        found = MARK.fullmatch(row.labels.get(self.mark, ""))
        return found if found and row.digest[7:].startswith(found["digest"]) else None

    def held(self, row):
        """Say whether the image is pinned, by this install, or by somebody who knows of no install."""
        return PIN in row.labels and (self.own(row) or not any(key.startswith(MARKS) for key in row.labels))

    def ours(self, local):
        """Return {(repository, digest): (names, tags, when pushed)} of everything this install marked."""
        found = {}
        for name, mark in [(name, self.own(row)) for name, row in local.items()]:
            if mark:
                key = repository_of(name), local[name].digest
                names, tags, when = found.get(key, ((), (), 0))
                # What lost its tag remembers it in its mark.
                tag = mark["tag"] if "@" in name else name.rpartition(":")[2]
                found[key] = (*names, name), (*tags, *[tag] * (tag is not None)), max(when, int(mark["pushed"]))
        return found

    def rules(self, image):
        """Return all that is wanted and counts this image, or else its whole repository."""
        key, own = (image.repository, image.digest), [item for item in self.wanted if item.ref == image.ref]
        return own or [one for one in self.wanted if one.fits(key, image.tags)] or [Image(image.repository, self.keep)]

    def kept(self, counted, local):
        """Return the keys that stay; counted has each rule with the image that was asked for by it, or None."""
        kept, ours = set(), self.ours(local).items()
        for rule, image in counted.items():
            times = {key: when for key, (_names, tags, when) in ours if rule.fits(key, tags)}
            mine = image and image.digest and (image.repository, image.digest)
            if mine:
                # It was the newest when it was asked for, however long it has been here, unless its tag has left it.
                times[mine] = max(times.get(mine, 0), image.since) - image.moved
            kept |= {key for *_when, key in sorted((times[key], key == mine, key) for key in times)[-rule.keep :]}
        return kept

    def outrun(self, image, local):
        """Say whether as many newer ones as are kept are here."""
        kept = self.kept(dict.fromkeys(self.rules(image), image), local)
        return bool(image.digest) and (image.repository, image.digest) not in kept

    def token(self, image):
        """Return what the registry takes for a login, or None; it stays in memory."""
        with self.guard:
            if image.ecr and image.host not in self.tokens:
                told = retry(self.deadline, ecr_api, image.ecr, "GetAuthorizationToken")
                self.tokens[image.host] = told["authorizationData"][0]["authorizationToken"]
            return self.tokens.get(image.host)

    def ask(self, image, what, *options):
        # Only ECR has to answer; what another registry does not tell at once, a mirror may know.
        return retry(self.deadline if image.ecr else 0, manifest, image, what, self.token(image), *options)

    def head(self, image):
        """Return the digest that ECR has under the image's tag, "" where it has no such tag; another may keep quiet."""
        try:
            headers, _body = self.ask(image, image.tag, "head")
        except Failure as error:
            if image.ecr and " 404 " not in str(error):
                if not error.passing:
                    # Only the answer to a GET says why.
                    self.ask(image, image.tag)
                raise
            return "" if image.ecr else None
        return (re.findall(r"(?im)^docker-content-digest: *(sha256:[0-9a-f]{64})", headers) or [None])[0]

    def resolve(self, image):
        """Find the digest that is wanted, and leave out what no node can run or nobody asked for."""
        rules = self.rules(image)
        if image.tags and all(artefact(image.tag, rule.tag) for rule in rules):
            raise Skip("a signature, attestation or index, not an image")
        if self.source == "event" and self.wanted and rules[0] not in self.wanted:
            raise Skip("this install does not want this tag")
        if image.digest:
            image.since = image.pushed = self.pushed or image.since
        elif image.tags:
            image.digest = self.head(image)
            if image.digest == "":
                raise Failure(f"there is no tag '{image.tag}'")
        elif image.ecr:
            found = retry(self.deadline, newest, image.ecr, image.path, image.tag)
            if not found:
                # An association may well be made before the first push.
                early = self.action == "prefetch" and self.source == "association"
                raise (Skip if early else Failure)(f"no tagged image matches '{image.tag}'")
            image.pushed, image.tags, image.digest = found
        else:
            raise Failure("only ECR images may leave the tag out or use a pattern")

    def measure(self, image, local):
        """Return the compressed and the unpacked size of this platform's layers that the repository's images lack."""
        try:
            found = for_this_machine(lambda what: self.ask(image, what)[1], image.digest or image.tag)
        except Failure:
            if image.ecr:
                raise
            return 0, 0
        if found.get("artifactType") or found.get("config", {}).get("mediaType") not in CONFIGS:
            raise Skip("an artefact, not an image")
        near = {row.digest for name, row in local.items() if row.id and repository_of(name) == image.repository}
        here = {layer for digest in near for layer in self.runtime.layers(digest)}
        layers = [layer for layer in found["layers"] if layer["digest"] not in here]
        unpacked = [layer["size"] * (1 if layer["mediaType"].endswith("tar") else UNPACKED) for layer in layers]
        return sum(layer["size"] for layer in layers), int(sum(unpacked))

    def promise(self, image, local, held):
        """Refuse a pull after which the kubelet would remove images or evict Pods; promise it the space."""
        packed, unpacked = self.measure(image, local)
        with lock("room", self.deadline):
            free, total, shared = self.runtime.disk()
            high = self.kubelet.get("imageGCHighThresholdPercent") or 85
            hard = self.kubelet.get("evictionHard") or {"nodefs.available": "10%", "imagefs.available": "15%"}
            names = ["imagefs.available"] + ["nodefs.available"] * shared
            limits = {name: size_of(hard.get(name, "0"), total) for name in names}
            limits["imageGCHighThresholdPercent"] = total * (100 - high) / 100
            name = max(limits, key=limits.get)
            left = free - promised() - packed - unpacked
            if left < limits[name]:
                sizes = [int(size) >> 20 for size in (packed, unpacked, left, free, limits[name])]
                said = "{} MiB and about {} unpacked would leave {} of {} MiB free, less than {} of the kubelet's {}"
                raise Failure(said.format(*sizes, name))
            held.write(str(packed + unpacked))
            held.flush()

    def prefetch(self, image):
        if image.present(self.local) and all(self.held(self.local[name]) for name in image.names()):
            return
        with lock(image.repository, self.deadline) as held:
            local, seconds = self.runtime.images(), ""
            if image.named and image.tags and not (image.present(local) or self.outrun(image, local)):
                # A tag that has moved on since belongs to the event of its new digest.
                image.moved = self.head(image) not in (image.digest, None)
            if self.outrun(image, local):
                raise Skip(OUTRUN)
            if not image.present(local):
                self.promise(image, local, held)
                time.sleep(max(0, self.begin - time.monotonic()))
                token, began = self.token(image), time.monotonic()
                for name in image.names():
                    # The first name brings the second, unless its tag has moved on in this very moment.
                    if name == image.names()[0] or (name in local and local[name].digest) != image.digest:
                        retry(self.deadline, self.runtime.pull, name, token, self.deadline)
                        local = self.runtime.images()
                seconds = f"{time.monotonic() - began:.2f}"
            for name in image.names():
                if name in local and image.digest in (None, local[name].digest):
                    self.label(image, name, local[name], seconds)

    def label(self, image, name, row, seconds):
        """Pin and mark one name; what is held already keeps its mark."""
        if seconds or not self.held(row):
            mark, when = None if seconds else self.own(row), int(image.pushed or image.since)
            fresh = f"{self.source}:{seconds}:{when}:{row.digest[7:19]}:{(image.tags or [''])[0]}"
            self.runtime.ctr("images", "label", name, PIN + "=pinned", f"{self.mark}={mark.group() if mark else fresh}")

    def surplus(self, asked, local):
        """Return {(repository, digest): names} of those of ours that this run lets go of."""
        ours, gone = self.ours(local), set()
        if self.action == "release":
            gone = {key for key, (_names, tags, _when) in ours.items() if any(one.fits(key, tags) for one in asked)}
        elif self.action == "prefetch":
            counted = {rule: image for image in asked for rule in self.rules(image)}
            rules, strays = {**dict.fromkeys(self.wanted), **counted}, self.source == "association" and self.wanted
            for key in ours.keys() - self.kept(rules, local):
                fitting = {rule for rule in rules if rule.fits(key, ours[key][1])}
                if fitting & {*counted} or strays and not fitting:
                    gone.add(key)
        return {key: ours[key][0] for key in gone}

    def tidy(self, asked, local):
        """Let go of what is surplus; return what is here then."""
        surplus = self.surplus(asked, local)
        for key in surplus:
            with lock(key[0], self.deadline):
                local = self.runtime.images()
                names = self.surplus(asked, local).get(key)
                if names:
                    self.drop(local, names)
        return self.runtime.images() if surplus else local

    def drop(self, local, names):
        """Unmark an image, unpin it unless another install wants it, remove it when it is ours alone and unused."""
        row, pulled = local[names[0]], any(self.own(local[name])["seconds"] for name in names)
        used = self.runtime.used() & {row.id, *names}
        if used and self.action == "prefetch":
            # A later run removes it; a release has none, and leaves it to the kubelet.
            return
        everyone = {name for name, other in local.items() if other.id == row.id and not name.startswith("sha256:")}
        alone = all(key == self.mark or not key.startswith(MARKS) for name in everyone for key in local[name].labels)
        for name in names:
            self.runtime.ctr("images", "label", name, self.mark + "=", *[PIN + "="] * alone)
        others = everyone - set(names)
        if alone and pulled and row.id and not used and all(self.own(local[name]) for name in others):
            # Name by name, as another repository of ours may have the very same image; the last takes the id along.
            self.runtime.ctr("images", "rm", "--sync", *names, *[row.id] * (not others))

    def attempt(self, ref):
        """Do for one reference what is asked; return what describe wants to know."""
        image, said = None, {}
        try:
            image = Image(ref)
            if self.action != "release":
                self.resolve(image)
            if self.action == "prefetch":
                self.prefetch(image)
        except Skip as skip:
            said["skipped"] = str(skip)
        except TROUBLE as error:
            said["error"] = str(error) or type(error).__name__
        return ref, image, said

    def describe(self, local, ref, image, said):
        """Return the report's entry of one image."""
        names = image.names() if image else []
        rows = [local[name] for name in names if name in local and local[name].id]
        row, mark = rows[-1] if rows else None, next(filter(None, map(self.own, rows)), None)
        # Without the registry's word, a local image of that name proves nothing.
        sure = bool(names) and not ("error" in said and not image.digest)
        entry = {"ref": ref, "digest": row and row.digest, "cached": sure and image.present(local)}
        entry.update(pinned=any(PIN in row.labels for row in rows), size=row and row.size)
        entry.update(source=mark and mark["source"], seconds=mark and float(mark["seconds"] or 0) or None)
        if row and not image.named and image.digest not in (None, row.digest):
            entry["expected"] = image.digest
        if self.action == "report" and names and image.digest and not entry["cached"]:
            entry.update(self.runtime.progress(image.digest))
        if not entry["cached"] and image and not said and self.outrun(image, local):
            # Others came meanwhile.
            said = {"skipped": OUTRUN}
        return dict(entry, **said)


def well(entry):
    return bool(entry["cached"] or "skipped" in entry)


def shorten(report):
    """Return the report as one line that Run Command does not cut: less and less of it, those that are well first."""
    images, missing = report["images"], len(report["images"]) - sum(map(well, report["images"]))

    def fits():
        return len(json.dumps(report, separators=(",", ":"))) <= LINE_BYTES

    for limit in (200, 60, 24):
        for item in [] if limit < 200 and fits() else [*images, report]:
            for key in {"error", "skipped"} & set(item):
                said = " ".join(item[key].encode("ascii", "replace").decode().split())
                # AWS says first what is wrong, containerd last.
                item[key] = said if len(said) <= limit else said[: limit * 3 // 5] + "..." + said[3 - limit * 2 // 5 :]
    for item in [] if fits() else images:
        told = item["digest"] and item["ref"].endswith(item["digest"])
        for key in ["size", "source", "seconds", "expected"] + ["digest"] * bool(told):
            item.pop(key, None)
    while not fits():
        images.sort(key=well)
        images.pop()
        report.update(omitted=report.get("omitted", 0) + 1, missing=missing)
    return json.dumps(report, separators=(",", ":"))


def connect(kubelet):
    """Return what pulls on this node, or refuse and say what to use instead."""
    if os.path.exists(BOTTLEROCKET):
        raise Failure("Bottlerocket is not served: use a data volume snapshot that holds the images")
    runtime = Runtime(kubelet)
    if not os.path.exists(runtime.runtime):
        raise Failure(f"no {runtime.runtime}: not an EKS-optimised Amazon Linux node (Fargate, Auto Mode: use SOCI)")
    return runtime


def work(request, report):
    """Do what the request asks, and fill the report."""
    kubelet = kubelet_config()
    runtime = connect(kubelet)
    cache = Cache(request, kubelet, runtime)
    report["containerd"] = runtime.version()
    # A pull marks its image at its end only, and nobody comes again to let go of what a release did not wait for.
    kind = fcntl.LOCK_EX if cache.action == "release" else fcntl.LOCK_SH
    with lock(cache.mark, cache.deadline, kind):
        cache.local = runtime.images()
        refs = list(dict.fromkeys(ref for ref in request["images"] if ref))
        if cache.action != "prefetch" and not refs:
            for (_repository, digest), (names, *_more) in sorted(cache.ours(cache.local).items()):
                refs += [name + "@" + digest for name in names if "@" not in name] or names
        with concurrent.futures.ThreadPoolExecutor(cache.workers) as pool:
            done = list(pool.map(cache.attempt, refs))
    local = runtime.images()
    try:
        local = cache.tidy([image for _ref, image, said in done if image and not said], local)
    except TROUBLE as error:
        # What was pulled before is told all the same.
        report["error"] = f"not all could be let go of: {error}"
    report.update(images=[cache.describe(local, *one) for one in done], free=runtime.disk()[0])
    report["ok"] = "error" not in report and (cache.action == "release" or all(map(well, report["images"])))


def main():
    with os.fdopen(3, encoding="utf-8") as handle:
        request = json.load(handle)
    # The agent promises none of them.
    os.environ["PATH"] = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    report = {"v": 1, "action": request["action"], **dict.fromkeys(("node", "ok", "containerd", "free")), "images": []}
    try:
        report["node"] = os.environ.get("AWS_SSM_INSTANCE_ID") or imds("instance-id")
        work(request, report)
    except TROUBLE as error:
        report.update(error=str(error) or type(error).__name__, ok=False)
    print(shorten(report))
    return 0 if report["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
