"""The one long-running process: what it says of itself, and that it stops as it started.

https://peps.python.org/pep-3333/ for the routes, and signal(7) for how it is told to stop.
"""

from __future__ import annotations

import json
import os
import signal

import pytest

from lab import server, settings
from lab.node import process
from tests.lab.elsewhere import paths_fixture  # noqa: F401


@pytest.fixture(name="started")
def started_fixture(paths, monkeypatch):
    """Return what was started and stopped, none of it for real, and what a step does."""
    from lab import images, registry

    done = []
    steps = {
        "groups": (server.cgroups, "remember_parents"),
        "bridge": (server.network, "bridge_up"),
        "apis": (server, "serve"),
        "registry": (registry, "start"),
        "seed": (images, "seed"),
    }
    for name, (module, function) in steps.items():
        monkeypatch.setattr(module, function, lambda *_given, name=name: done.append(name))
    monkeypatch.setattr(server, "application", lambda: None)
    monkeypatch.setattr(server, "READY", settings.RUN / "ready")
    monkeypatch.setattr(server.FLEET, "stop_all", lambda: done.append("stop nodes"))
    monkeypatch.setattr(registry, "stop", lambda: done.append("stop registry"))
    old = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield done
    for number, handler in old.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_is_ready_when_all_is_up_and_stops_when_told(started, monkeypatch, number):
    from lab import images

    seen = []

    def seed():
        started.append("seed")
        assert not server.READY.exists()
        os.kill(os.getpid(), number)

    monkeypatch.setattr(images, "seed", seed)
    touch = type(server.READY).touch
    monkeypatch.setattr(type(server.READY), "touch", lambda path: (seen.append(path), touch(path)))
    assert server.main() == 0
    assert seen == [server.READY]
    assert started == ["groups", "bridge", "apis", "registry", "seed", "stop nodes", "stop registry"]
    assert not server.READY.exists()
    assert server.state_of() == (os.getpid(), process.start_time(os.getpid()))


def test_told_to_stop_while_it_starts_it_goes_no_further(started, monkeypatch):
    monkeypatch.setattr(server.network, "bridge_up", lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert server.main() == 0
    assert started == ["groups", "stop nodes", "stop registry"]


def test_a_start_that_fails_is_said_and_undone(started, monkeypatch, caplog):
    from lab import registry

    def fail():
        raise RuntimeError("nginx cannot listen")

    monkeypatch.setattr(registry, "start", fail)
    assert server.main() == 1
    assert started == ["groups", "bridge", "apis", "stop nodes", "stop registry"]
    assert "nginx cannot listen" in caplog.text


def test_one_part_that_does_not_stop_does_not_keep_the_other_up(started, monkeypatch):
    def fail():
        raise RuntimeError("a node does not end")

    monkeypatch.setattr(server.FLEET, "stop_all", fail)
    server.stop()
    assert started == ["stop registry"]


def test_nobody_wrote_down_who_they_are(paths):
    assert server.state_of() is None


def test_health_is_the_labs_own_route_and_all_else_is_awss(paths, monkeypatch):
    monkeypatch.setattr(server.runtime, "version", lambda: "2.1.9")
    monkeypatch.setattr(server, "READY", settings.RUN / "ready")

    def aws(environ, start_response):
        start_response("404 Not Found", [])
        return [b"aws"]

    def ask(path):
        said = []
        body = b"".join(server.with_health(aws)({"PATH_INFO": path}, lambda *given: said.append(given)))
        return said[0][0], body

    status, body = ask(server.HEALTH)
    told = json.loads(body)
    assert (status, told["pid"], told["ready"], told["containerd"]) == ("200 OK", os.getpid(), False, "2.1.9")
    settings.RUN.mkdir()
    server.READY.touch()
    assert json.loads(ask(server.HEALTH)[1])["ready"] is True
    assert ask("/clusters") == ("404 Not Found", b"aws")
    # A node that was killed stays registered with its agent, and is none that is up.
    monkeypatch.setattr(server.FLEET, "ids", lambda: ["i-alive", "i-dead"])
    monkeypatch.setattr(server.FLEET, "online", lambda name: name == "i-alive")
    assert json.loads(ask(server.HEALTH)[1])["nodes"] == ["i-alive"]
