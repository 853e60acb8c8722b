"""Pull an image of twenty layers by the prefetch document and by ctr, in turn, on a lab where the walkthrough ran."""

from __future__ import annotations

import gzip
import io
import os
import statistics
import sys
import tarfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from bench_nodes import NAME, disk, on_nodes, plugins

from lab import images, settings
from lab.aws.ecr.manifest import digest_of

ROUNDS, LAYERS, MEGABYTES = 3, 20, 32
REPOSITORY = "nodecache-bench"
CTR = "ctr -n k8s.io"


def layer(number: int) -> tuple[str, bytes]:
    """Return the digest of a layer that takes twice its size unpacked, as usual ones do, and the layer."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        entry = tarfile.TarInfo(f"data{number}")
        entry.size = 2 * MEGABYTES << 20
        tar.addfile(entry, io.BytesIO(os.urandom(entry.size // 2) + bytes(entry.size // 2)))
    return digest_of(buffer.getvalue()), gzip.compress(buffer.getvalue(), 1, mtime=0)


@contextmanager
def pushed() -> Iterator[tuple[str, float]]:
    """Push an image that no node has seen; give its reference and the seconds that the link takes for its layers."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        digests, layers = zip(*pool.map(layer, range(LAYERS)), strict=True)
    config = {
        "architecture": images.own_architecture(),
        "os": "linux",
        "config": {"Cmd": ["/bin/true"]},
        "rootfs": {"type": "layers", "diff_ids": digests},
    }
    ecr = settings.client("ecr")
    ecr.create_repository(repositoryName=REPOSITORY)
    try:
        digest = images.push(REPOSITORY, images.content(config, list(layers)), "bench")
        limit = sum(map(len, layers)) * 8 / settings.LINK_BITS_PER_SECOND
        yield f"{settings.ECR_HOST}/{REPOSITORY}:bench@{digest}", limit
    finally:
        ecr.delete_repository(repositoryName=REPOSITORY, force=True)


def timed(command: str) -> str:
    """Return a command that prints what it took in nanoseconds, and nothing else."""
    # ctr complains of what it cancels itself, also when all went well.
    quiet = f'said=$({command} 2>&1) || {{ echo "$said" >&2; exit 1; }}'
    return f"begun=$(date +%s%N); {quiet}; echo $(($(date +%s%N) - begun))"


class Node:
    """A node that pulls one image again and again, each time as if it had never seen it."""

    def __init__(self, name: str, reference: str) -> None:
        self.name, self.reference = name, reference
        self.tagged, _at, self.digest = reference.partition("@")
        self.empty = disk(name)

    def shell(self, *lines: str) -> list[int]:
        """Run a script, and return the numbers that it printed."""
        (said,) = on_nodes("AWS-RunShellScript", [self.name], commands="\n".join(lines))
        return list(map(int, said.split()))

    def taken(self) -> tuple[int, int]:
        """Return how much that is more than before the image came."""
        packed, unpacked = disk(self.name)
        return packed - self.empty[0], unpacked - self.empty[1]

    def forget(self) -> None:
        """Remove every name of the image, also the one that the CRI gave it, and with the last all that it holds."""
        names = f"{CTR} images ls | awk '$3 == \"{self.digest}\" {{print $1}}'"
        self.shell(f"{names} | xargs {CTR} images rm --sync >/dev/null")
        if sum(self.taken()) > 1024:
            sys.exit(f"{self.name} still holds some of an image that was removed; only whole pulls are compared.")

    def prefetch(self) -> float:
        """Return the seconds that a run of the document takes."""
        [step] = plugins(NAME, [self.name], action="prefetch", images=self.reference)
        taken: float = (step["ResponseFinishDateTime"] - step["ResponseStartDateTime"]).total_seconds()
        return taken

    def ctr(self, *commands: str) -> list[float]:
        """Return the seconds that commands take, each by itself, when they find a token for the registry."""
        before = "token=$(aws ecr get-login-password) place=$(mktemp -d)"
        after = f"! mountpoint -q $place || {CTR} images unmount --rm $place >/dev/null"
        return [taken / 1e9 for taken in self.shell(before, *map(timed, commands), after)]


def times(name: str) -> tuple[dict[str, list[float]], list[float]]:
    """Return the seconds that each way took in each round, and the disk that each pull took over the image unpacked."""
    found, disks = dict[str, list[float]](), []
    with pushed() as (reference, limit):
        node = Node(name, reference)
        login = f"-u AWS:$token {node.tagged}"
        for _round in range(ROUNDS):
            prefetched = node.prefetch()
            packed, unpacked = node.taken()
            disks.append((packed + unpacked) / unpacked)
            node.forget()
            [pulled] = node.ctr(f"{CTR} images pull {login}")
            node.forget()
            fetch, unpack = node.ctr(f"{CTR} content fetch {login}", f"{CTR} images mount {node.tagged} $place")
            node.forget()
            taken = {"prefetch": prefetched, "ctr": pulled, "download": fetch, "unpack": unpack, "limit": limit}
            for way, seconds in taken.items():
                found.setdefault(way, []).append(seconds)
    return found, disks


def measure(name: str) -> dict[str, float]:
    """Return the figures: of each way the middle of its rounds."""
    found, disks = times(name)
    taken = {way: statistics.median(rounds) for way, rounds in found.items()}
    return {
        "pull_over_ctr": round(taken["prefetch"] / taken["ctr"], 2),
        "pull_over_larger_of_download_and_unpack": round(taken["prefetch"] / max(taken["limit"], taken["unpack"]), 2),
        "pull_disk_over_unpacked": round(statistics.median(disks), 3),
    }
