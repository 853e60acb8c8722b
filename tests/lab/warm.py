"""A Python that has imported what modules import: each script that its client brings runs in a fork of it.

Starting Python and importing boto3 is most of a module's time, and the role's tests start some thousand modules.
The modules are Ansible's own payloads, each in a process of its own, as with any other interpreter.
With WARM_AGAIN in the environment, one whose output has that text in it is run again at once.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

# Nothing of a collection: those come with each payload.
IMPORTS = (
    "boto3", "botocore.args", "botocore.client", "botocore.credentials", "botocore.docs", "botocore.exceptions",
    "botocore.handlers", "botocore.httpsession", "botocore.paginate", "botocore.parsers", "botocore.regions",
    "botocore.retryhandler", "botocore.signers", "botocore.waiter", "dateutil.tz", "yaml",
    "runpy", "shutil", "tempfile", "zipfile",
    "ansible.module_utils.basic", "ansible.module_utils.urls", "ansible.module_utils._internal._ansiballz._loader",
    "ansible.module_utils.common.dict_transformations", "ansible.module_utils.common.json",
)  # fmt: skip

CLIENT = """#!{python} -SIu
import json, os, socket, sys
server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
server.connect({path!r})
socket.send_fds(server, [json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()]).encode() + b"\\n"], [0, 1, 2])
server.shutdown(socket.SHUT_WR)
sys.exit(int(server.recv(16) or b"1"))
"""


@contextlib.contextmanager
def interpreter(directory: Path) -> Iterator[Path]:
    """Serve, and return the path of a program that stands for Python in `ansible_python_interpreter`."""
    path, program = directory / "warm.sock", directory / "python"
    program.write_text(CLIENT.format(python=sys.executable, path=str(path)))
    program.chmod(0o700)
    with subprocess.Popen([sys.executable, __file__, str(path)], stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"ready\n"
        yield program
        running.terminate()
        running.wait(10)


def serve(path: str) -> None:
    """Answer every client in a fork, until terminated."""
    for name in IMPORTS:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(path)
    server.listen(64)
    print("ready", flush=True)
    while True:
        client, _address = server.accept()
        if os.fork() == 0:
            server.close()
            _answer(client)
        client.close()


def _answer(client: socket.socket) -> None:
    """Run what the client has on its standard input in a child, and tell its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    text, handles = b"", list[int]()
    while not text.endswith(b"\n"):
        more, fds, _flags, _from = socket.recv_fds(client, 65536, 3)
        text += more
        handles.extend(fds)
    argv, environment, directory = json.loads(text)
    again = environment.pop("WARM_AGAIN", "").encode()
    if argv in ([], ["-"]):
        with open(handles[0]) as script:
            source = script.read()
    else:
        source = Path(argv[0]).read_text()
    output, code = _run(source, argv or ["-"], handles[2], environment, directory)
    while again and again in output:
        output, code = _run(source, argv or ["-"], handles[2], environment, directory)
    with open(handles[1], "wb") as out:
        out.write(output)
    # The client may have been killed meanwhile.
    with contextlib.suppress(BrokenPipeError):
        client.sendall(str(code).encode())
    os._exit(0)


def _run(source: str, argv: list[str], errors: int, environment: dict[str, str], directory: str) -> tuple[bytes, int]:
    """Return the output and the exit code of a script that is run as a program of its own."""
    kept = os.memfd_create("output")
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(kept, 1)
        os.dup2(errors, 2)
        _become(source, argv, environment, directory)
    _pid, status = os.waitpid(child, 0)
    with open(kept, "rb") as output:
        output.seek(0)
        return output.read(), os.waitstatus_to_exitcode(status) & 255


def _become(source: str, argv: list[str], environment: dict[str, str], directory: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(directory)
    sys.argv = argv
    code = 1
    try:
        exec(compile(source, "<stdin>", "exec"), {"__name__": "__main__", "__builtins__": __builtins__})
        code = 0
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else int(left.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve(sys.argv[1])
