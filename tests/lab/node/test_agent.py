"""https://github.com/aws/amazon-ssm-agent: agent/plugins/runscript, agent/executers"""

from __future__ import annotations

import re

from lab import settings
from lab.node import fleet

NODE = "i-0aaaaaaaaaaaaaae1"


def test_a_script_runs_as_the_agent_runs_it(nodes):
    nodes.start(NODE, "10.77.0.71")
    script = "#!/bin/bash\necho $0; id -u; pwd; env; echo bad >&2; exit 5"
    result = nodes.run(NODE, script, {"SSM_COMMAND_ID": "4711", "SSM_images": "a b"}, 10)
    place, user, folder, *environment = result.stdout.decode().splitlines()
    assert re.fullmatch(rf"/var/lib/amazon/ssm/{NODE}/document/orchestration/[0-9a-f-]{{36}}/_script\.sh", place)
    assert (user, folder, result.exit_code) == ("0", "/usr/bin", 5)
    found = dict(line.split("=", 1) for line in environment)
    assert found["AWS_SSM_INSTANCE_ID"] == NODE
    assert found["AWS_SSM_REGION_NAME"] == settings.REGION
    assert found["SSM_images"] == "a b"
    assert "HOME" not in found
    # The agent keeps the script and what it said, for whoever looks for a cause on the node.
    kept = nodes.run(NODE, f"cd $(dirname {place}) && cat stdout stderr && stat -c %a _script.sh", {}, 10).stdout
    assert kept == result.stdout + b"bad\n700\n"


def test_a_script_runs_in_the_agents_folder_or_another_and_ends_by_signals(nodes):
    """runscript.go: a relative folder is one of what was downloaded, or the agent's own; executers.go: Go's words."""
    nodes.start(NODE, "10.77.0.73")
    folders = {"": "/usr/bin", "/tmp": "/tmp", "downloaded": "/usr/bin"}
    found = {where: nodes.run(NODE, "pwd", {}, 10, None, where).stdout.decode().strip() for where in folders}
    assert found == folders
    nowhere = nodes.run(NODE, "pwd", {}, 10, None, "/nowhere")
    assert (nowhere.exit_code, nowhere.error) == (1, "fork/exec /usr/bin/sh: no such file or directory")
    ends = {"exec kill -9 $$": "signal: killed", "exec kill -15 $$": "signal: terminated", "exit 137": ""}
    results = [nodes.run(NODE, end, {}, 10) for end in ends]
    assert [result.exit_code for result in results] == [-1, -1, 137]
    assert [result.error for result in results] == list(ends.values())


def test_what_runs_is_in_the_agents_log(nodes):
    nodes.start(NODE, "10.77.0.72")
    nodes.run(NODE, "exit 3", {"SSM_COMMAND_ID": "4711"}, 10)
    nodes.run(NODE, "sleep 60", {}, 0.2)
    log = (settings.LOG / f"{NODE}-agent.log").read_text().splitlines()
    assert [re.sub(r"^\S+ |:? /.*| after .*", "", line) for line in log] == [
        "command 4711 begins",
        "command 4711 ends with 3",
        "script begins",
        f"script ends with {fleet.agent.KILLED}",
    ]
