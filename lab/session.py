"""A session on a node, as the Session Manager plugin of the AWS CLI opens one.

https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-sessions-start.html
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence

from lab.node import agent, fleet

# The first that asks for no update.
VERSION = "1.2.764.0"


def main(given: Sequence[str]) -> int:
    """Answer the AWS CLI: its StartSession's answer, region, operation, profile, request and endpoint."""
    if list(given) == ["--version"]:
        print(VERSION)
        return 0
    answer, request = given[0], json.loads(given[4])
    # A newer CLI hands the answer over in a variable of this name, so that no token is on a command line.
    session = json.loads(os.environ.get(answer, answer))["SessionId"]
    state = next((one for one in fleet.recorded() if one.instance_id == request["Target"]), None)
    if os.geteuid() != 0 or state is None:
        why = "a session enters a node's namespaces: use sudo" if state else f"{request['Target']} is not connected"
        print(f"\nCannot perform start session: {why}.", file=sys.stderr)
        return 1
    print(f"\nStarting session with SessionId: {session}", flush=True)
    command = request.get("Parameters", {}).get("command", ["exec sh"])
    environment = {**agent.ENVIRONMENT, "HOME": "/home/ssm-user", "TERM": os.environ.get("TERM", "xterm-256color")}
    environment = {name: value for name, value in environment.items() if not name.startswith("AWS_")}
    subprocess.run([*state.enter(), "sh", "-c", " ".join(command)], env=environment, cwd="/", check=False)
    print(f"\n\nExiting session with sessionId: {session}.\n", flush=True)
    return 0
