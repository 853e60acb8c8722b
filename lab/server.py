"""The lab's one long-running process: every AWS API, the nodes, and the registry's supervision."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from lab import settings
from lab.node import cgroups, network, process, runtime
from lab.node.fleet import FLEET

LOG = logging.getLogger("lab")
STATE = settings.RUN / "server.json"
READY = settings.RUN / "ready"
HEALTH = "/_lab/health"
ROOT = Path(__file__).resolve().parent.parent

App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def with_health(app: App) -> App:
    """Answer the lab's own health route in front of AWS's."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != HEALTH:
            return app(environ, start_response)
        nodes = [name for name in FLEET.ids() if FLEET.online(name)]
        told = {"pid": os.getpid(), "root": str(ROOT), "ready": READY.exists(), "nodes": nodes}
        body = json.dumps({**told, "containerd": runtime.version()}).encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    return answer


def application() -> App:
    """Return moto with everything the lab adds to it."""
    # Read when moto is imported: without it the managed policies that roles name do not exist.
    os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    from lab.aws import install_all
    from lab.registry import hooks

    install_all()
    app: App = DomainDispatcherApplication(create_backend_app)
    return with_health(hooks.wrap(app))


def serve(app: App) -> Any:
    """Serve the application in threads and return the server."""
    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from werkzeug.serving import make_server

    server = make_server(settings.API_HOST, settings.API_PORT, app, threaded=True, request_handler=MotoRequestHandler)
    threading.Thread(target=server.serve_forever, name="api", daemon=True).start()
    return server


def record() -> None:
    """Write down who we are, for whoever has to clean up."""
    settings.RUN.mkdir(parents=True, exist_ok=True)
    STATE.write_text(json.dumps({"pid": os.getpid(), "started": process.start_time(os.getpid())}), encoding="utf-8")


def step(text: str, work: Callable[[], Any]) -> None:
    """Do one step of the start, and say so."""
    LOG.info("%s", text)
    work()


def main() -> int:
    """Run until told to stop, then leave nothing running."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s", stream=sys.stderr)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    record()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stopping.set())
    from lab import images, registry

    steps: list[tuple[str, Callable[[], Any]]] = [
        ("control groups", cgroups.remember_parents),
        ("bridge", network.bridge_up),
        ("AWS APIs", lambda: serve(application())),
        ("registry", registry.start),
        ("first image", images.seed),
    ]
    try:
        for text, work in steps:
            if stopping.is_set():
                return 0
            step(text, work)
        READY.touch()
        LOG.info("ready")
        stopping.wait()
        return 0
    except Exception:
        LOG.exception("the lab did not start")
        return 1
    finally:
        READY.unlink(missing_ok=True)
        stop()


def stop() -> None:
    """Stop nodes and registry; one that fails does not keep the other up."""
    from lab import registry

    for work in (FLEET.stop_all, registry.stop):
        try:
            work()
        except Exception:
            LOG.exception("a part of the lab did not stop")


def state_of() -> tuple[int, int] | None:
    """Return the server's pid and start time as it wrote them down."""
    if not STATE.exists():
        return None
    data = json.loads(STATE.read_text(encoding="utf-8"))
    return data["pid"], data["started"]


if __name__ == "__main__":
    sys.exit(main())
