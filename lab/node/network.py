"""The bridge and the nodes' links."""

from __future__ import annotations

import ctypes
import json
import os
import socket
import subprocess
import threading
from pathlib import Path

from lab import settings

SUBNET = "169.254.42.0/24"
NAMESPACES = Path("/run/netns")
METADATA = "169.254.169.254"
CLONE_NEWNET = 0x40000000
# The bridge's; locally administered (IEEE 802c).
MAC = "02:00:00:00:00:01"


class NetworkError(Exception):
    """A link could not be made; the message is one sentence."""


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NetworkError(f"'{' '.join(command)}' failed: {done.stderr.strip()}.")


def _quietly(*command: str) -> None:
    subprocess.run(command, capture_output=True, check=False)


def exists(link: str) -> bool:
    """Tell whether the host has this link."""
    return Path("/sys/class/net", link).exists()


def bridge_up() -> None:
    """Make the bridge with the gateway's address, if it is not there."""
    if not exists(settings.BRIDGE):
        # With an address of its own, or the bridge takes one from its links, and another when that node goes: then
        # what the others send goes nowhere until their neighbour tables notice, half a minute later.
        _run("ip", "link", "add", settings.BRIDGE, "address", MAC, "type", "bridge")
    _run("ip", "addr", "replace", f"{settings.GATEWAY}/24", "dev", settings.BRIDGE)
    _run("ip", "link", "set", settings.BRIDGE, "up")


def bridge_down() -> None:
    """Remove the bridge, and with it every route over it."""
    if exists(settings.BRIDGE):
        _run("ip", "link", "del", settings.BRIDGE)
    forget_namespaces()


def forget_namespaces() -> None:
    """Undo what the first ``ip netns add`` did: it mounts the folder of the namespaces on itself."""
    if NAMESPACES.is_dir() and not any(NAMESPACES.iterdir()):
        done = subprocess.run(["umount", str(NAMESPACES)], capture_output=True, check=False)
        if done.returncode == 0:
            NAMESPACES.rmdir()


def own_addresses() -> set[str]:
    """Return the host's own IPv4 addresses."""
    done = subprocess.run(["ip", "-j", "-4", "addr"], capture_output=True, check=True)
    return {info["local"] for link in json.loads(done.stdout) for info in link.get("addr_info", [])}


def namespace_of(instance_id: str) -> str:
    """Return the name of a node's network namespace."""
    return f"nc-{instance_id[-12:]}"


def link_of(instance_id: str) -> str:
    """Return the host's end of a node's link: at most 15 characters."""
    return f"nc{instance_id[-12:]}"


def attach(instance_id: str, private_ip: str) -> str:
    """Make a node's network namespace and its shaped link; return the namespace's name."""
    if private_ip in own_addresses():
        raise NetworkError(f"node '{instance_id}': {private_ip} is an address of this machine, use another VPC range.")
    name, outer = namespace_of(instance_id), link_of(instance_id)
    inside = ("ip", "-n", name)
    _run("ip", "netns", "add", name)
    try:
        _run("ip", "link", "add", outer, "type", "veth", "peer", "name", "eth0", "netns", name)
        _run("ip", "link", "set", outer, "master", settings.BRIDGE, "up")
        # The host's end shapes what the node receives: its downloads.
        rate = f"{settings.LINK_BITS_PER_SECOND}bit"
        _run("tc", "qdisc", "add", "dev", outer, "root", "tbf", "rate", rate, "burst", "1mb", "latency", "50ms")
        _run(*inside, "link", "set", "lo", "up")
        _run(*inside, "addr", "add", f"{METADATA}/32", "dev", "lo")
        _run(*inside, "addr", "add", f"{private_ip}/32", "dev", "eth0")
        _run(*inside, "link", "set", "eth0", "up")
        _run(*inside, "route", "add", SUBNET, "dev", "eth0", "src", private_ip)
        _run("ip", "route", "replace", f"{private_ip}/32", "dev", settings.BRIDGE)
    except NetworkError:
        detach(instance_id, private_ip)
        raise
    return name


def detach(instance_id: str, private_ip: str) -> None:
    """Remove what attach made; what is gone already is fine."""
    _quietly("ip", "route", "del", f"{private_ip}/32", "dev", settings.BRIDGE)
    _quietly("ip", "link", "del", link_of(instance_id))
    _quietly("ip", "netns", "del", namespace_of(instance_id))


def listen_inside(namespace: str, address: str, port: int) -> socket.socket:
    """Return a listening socket that lives in the namespace but is served from this process."""
    made: list[socket.socket] = []
    errors: list[OSError] = []

    def listen() -> None:
        # setns changes one thread only, and this one ends right after.
        fd = os.open(f"/var/run/netns/{namespace}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.setns(fd, CLONE_NEWNET):
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number))
            made.append(socket.create_server((address, port), backlog=64))
        except OSError as error:
            errors.append(error)
        finally:
            os.close(fd)

    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()
    if errors:
        raise NetworkError(f"namespace '{namespace}': could not listen on {address}:{port}: {errors[0]}.")
    return made[0]
