"""The nodes that run: start, stop, and run a script on one as the agent does."""

from __future__ import annotations

import datetime
import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from lab import settings
from lab.node import agent, cgroups, files, imds, init, network, process, runtime
from lab.node.agent import Result
from lab.node.machine import Machine, Tell
from lab.node.role import Announce, Role

LOG = logging.getLogger(__name__)
STATES = settings.RUN / "nodes"
DISKS = settings.VAR / "nodes"
PATIENCE = 30.0


class NodeError(Exception):
    """A node could not be started or reached; the message is one sentence."""


@dataclass(frozen=True)
class State:
    """What is needed to end a node, also without the process that started it."""

    instance_id: str
    private_ip: str
    outer: int
    outer_started: int
    init: int
    init_started: int
    containerd: str

    def enter(self) -> list[str]:
        """Return the command that enters the node."""
        # The outer process lives in the node's mounts, and its children in the node's pids.
        return [
            "nsenter",
            f"--net=/var/run/netns/{network.namespace_of(self.instance_id)}",
            f"--mount=/proc/{self.outer}/ns/mnt",
            f"--uts=/proc/{self.outer}/ns/uts",
            f"--pid=/proc/{self.outer}/ns/pid_for_children",
        ]


def halt(state: State) -> None:
    """End every process of a node; what it had on its disk and its network stays."""
    containers = cgroups.containers(DISKS / state.instance_id)
    # A pid namespace's first process is gone only after every other one is.
    gone = process.end(state.init, state.init_started) and process.end(state.outer, state.outer_started)
    if not gone:
        raise NodeError(f"node '{state.instance_id}' does not end: process {state.init} is still there.")
    cgroups.remove(containers)


def end(state: State, keep_disk: bool = False) -> None:
    """End a node and remove everything it had, but what is on its disk if that is to be kept."""
    halt(state)
    network.detach(state.instance_id, state.private_ip)
    disk = DISKS / state.instance_id
    files.remove(disk / "files" if keep_disk else disk)
    (STATES / f"{state.instance_id}.json").unlink(missing_ok=True)


def recorded() -> list[State]:
    """Return the nodes that the state files know."""
    return [State(**json.loads(path.read_text(encoding="utf-8"))) for path in sorted(STATES.glob("*.json"))]


def stopped() -> list[str]:
    """Return the nodes that do not run and whose disks are kept, such as those of a warm pool."""
    disks = {path.name for path in DISKS.iterdir()} if DISKS.exists() else set()
    return sorted(disks - {state.instance_id for state in recorded()})


class Fleet:
    """Every node of the lab."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._nodes: dict[str, State] = {}
        self._machines: dict[str, Tell] = {}
        self._metadata: dict[str, imds.MetadataServer] = {}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._online: set[str] = set()
        self._callbacks: list[Callable[[str], None]] = []
        self._credentials: list[Announce] = []

    def ids(self) -> list[str]:
        """Return the nodes that are online."""
        with self._lock:
            return sorted(self._online)

    def online(self, instance_id: str) -> bool:
        """Tell whether the node is up and its agent would answer."""
        with self._lock:
            state = self._nodes.get(instance_id)
            return instance_id in self._online and state is not None and process.alive(state.init, state.init_started)

    def on_online(self, callback: Callable[[str], None]) -> None:
        """Call this with the instance id of every node that comes online."""
        self._callbacks.append(callback)

    def on_credentials(self, callback: Announce) -> None:
        """Call this with every key a node's role gets: its id, the role's ARN, the instance's id, and its end."""
        self._credentials.append(callback)

    def _announce(self, access_key_id: str, role_arn: str, instance_id: str, expires: datetime.datetime) -> None:
        for callback in list(self._credentials):
            callback(access_key_id, role_arn, instance_id, expires)

    def start(self, instance_id: str, private_ip: str, role_arn: str | None = None, machine: Tell = Machine) -> None:
        """Start a node, with the role of its instance profile if it has one, and return when it is online."""
        with self._lock:
            if instance_id in self._nodes or instance_id in self._processes:
                return
            if any(state.private_ip == private_ip for state in self._nodes.values()):
                raise NodeError(
                    f"node '{instance_id}': {private_ip} is taken by another node, the lab's VPCs may not overlap."
                )
            namespace = network.attach(instance_id, private_ip)
            self._machines[instance_id] = machine
        try:
            state = self._boot(instance_id, private_ip, namespace)
            listener = network.listen_inside(namespace, network.METADATA, 80)
            role = None if role_arn is None else Role(role_arn, instance_id, self._announce)
            identity = imds.Identity(instance_id, private_ip, role, machine)
            with self._lock:
                self._metadata[instance_id] = imds.MetadataServer(listener, identity)
            self._prepare(state)
        except (NodeError, network.NetworkError, OSError, RuntimeError, subprocess.SubprocessError) as error:
            self.stop(instance_id)
            network.detach(instance_id, private_ip)
            files.remove(DISKS / instance_id)
            raise NodeError(f"node '{instance_id}' did not start: {error}") from error
        with self._lock:
            self._online.add(instance_id)
        for callback in list(self._callbacks):
            callback(instance_id)

    def _boot(self, instance_id: str, private_ip: str, namespace: str) -> State:
        disk = DISKS / instance_id
        files.write(disk, instance_id, private_ip, self._machines[instance_id]().zone)
        settings.LOG.mkdir(parents=True, exist_ok=True)
        command = ["nsenter", f"--net=/var/run/netns/{namespace}"]
        command += ["unshare", "--mount", "--uts", "--pid", "--fork", "--mount-proc", "--kill-child"]
        command += [sys.executable, "-I", init.__file__, str(disk), str(settings.LOG / f"{instance_id}-containerd.log")]
        with open(settings.LOG / f"{instance_id}-boot.log", "ab") as log:
            outer = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True
            )
        with self._lock:
            self._processes[instance_id] = outer
        first = self._first_process(outer)
        outer_started, first_started = process.start_time(outer.pid), process.start_time(first)
        if outer_started is None or first_started is None:
            raise NodeError(f"its first process ended at once, see {settings.LOG}/{instance_id}-boot.log.")
        state = State(instance_id, private_ip, outer.pid, outer_started, first, first_started, runtime.version())
        STATES.mkdir(parents=True, exist_ok=True)
        (STATES / f"{instance_id}.json").write_text(json.dumps(asdict(state)), encoding="utf-8")
        with self._lock:
            self._nodes[instance_id] = state
        return state

    def _first_process(self, outer: subprocess.Popen[bytes]) -> int:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and outer.poll() is None:
            first = process.child_of(outer.pid)
            if first is not None:
                return first
            time.sleep(0.02)
        raise NodeError("its namespaces could not be made.")

    def _prepare(self, state: State) -> None:
        from lab import images

        deadline = time.monotonic() + PATIENCE
        while self._inside(state, "ctr", "version").returncode:
            if time.monotonic() > deadline or not process.alive(state.init, state.init_started):
                raise NodeError(f"containerd does not answer, see {settings.LOG}/{state.instance_id}-containerd.log.")
            time.sleep(0.1)
        images_command = ("ctr", "-n", "k8s.io", "images")
        for command in (
            (*images_command, "import", str(images.pause_archive())),
            (*images_command, "label", runtime.PAUSE, "io.cri-containerd.pinned=pinned"),
        ):
            done = self._inside(state, *command)
            if done.returncode:
                raise NodeError(f"'{' '.join(command)}' failed: {done.stderr.decode(errors='replace').strip()}.")

    def _inside(self, state: State, *command: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*state.enter(), *command], capture_output=True, check=False, env={"PATH": init.PATH}, timeout=120
        )

    def enter(self, instance_id: str) -> list[str]:
        """Return the command that enters a node."""
        with self._lock:
            state = self._nodes.get(instance_id)
        if state is None:
            raise NodeError(f"node '{instance_id}' is not running.")
        return state.enter()

    def run(
        self,
        instance_id: str,
        script: str,
        env: dict[str, str],
        timeout: float,
        cancelled: threading.Event | None = None,
        where: str = "",
    ) -> Result:
        """Run a script on a node as the agent does: a file, sh -c, a process group of its own.

        When the time is over, or when it is cancelled, the whole group is killed.
        """
        disk = DISKS / instance_id / "amazon"
        return agent.run(self.enter(instance_id), disk, instance_id, script, env, timeout, cancelled, where)

    def reboot(self, instance_id: str) -> None:
        """Start a node's operating system again and return when it is online: disk and network stay."""
        with self._lock:
            state = self._nodes[instance_id]
            self._online.discard(instance_id)
        halt(state)
        self._processes[instance_id].wait()
        files.remove(DISKS / instance_id / "files")
        self._prepare(self._boot(instance_id, state.private_ip, network.namespace_of(instance_id)))
        with self._lock:
            self._online.add(instance_id)
        for callback in list(self._callbacks):
            callback(instance_id)

    def stop(self, instance_id: str, keep_disk: bool = False) -> None:
        """End a node; one that is not running is fine. With its disk kept, it finds its images when it starts again."""
        with self._lock:
            self._online.discard(instance_id)
            state = self._nodes.pop(instance_id, None)
            metadata = self._metadata.pop(instance_id, None)
            self._machines.pop(instance_id, None)
            outer = self._processes.pop(instance_id, None)
        if metadata is not None:
            metadata.close()
        if outer is not None and state is None:
            outer.kill()
        if state is not None:
            end(state, keep_disk)
        if outer is not None:
            outer.wait()
        if not keep_disk:
            files.remove(DISKS / instance_id)

    def stop_all(self) -> None:
        """End every node, and tell of those that would not end only after the others have."""
        errors = []
        with self._lock:
            names = sorted(set(self._nodes) | set(self._processes))
        for instance_id in names:
            try:
                self.stop(instance_id)
            except (NodeError, OSError) as error:
                errors.append(str(error))
        if errors:
            raise NodeError(" ".join(errors))


FLEET = Fleet()
