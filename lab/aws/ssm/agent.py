"""What the agent on a node does with a document: step after step, until one ends it, a person or a restart does.

https://github.com/aws/amazon-ssm-agent, agent/framework/runpluginutil
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from lab.aws.ssm import document_parameters, document_run, output, parameters
from lab.aws.ssm.document_run import Step
from lab.aws.ssm.invocations import Invocation, Plugin
from lab.aws.ssm.support import fleet
from lab.aws.ssm.targets import PLATFORM, instances
from lab.node.agent import Result

EXIT_SUCCESS, EXIT_FAILURE, EXIT_REBOOT, EXIT_KILLED = 168, 169, 194, 137
# The agent takes a document up again this often after a restart.
RESTARTS = 15
_SKIPPING = "Further document steps will be skipped."
POLL_SECONDS = 0.1


class Silent(Exception):
    """The node went away, and the command's time was over before anybody could tell what became of its script."""


def perform(run: Any, invocation: Invocation) -> None:
    """Run a document on a node; the invocation's plugins tell what each step came to."""
    content = run.document.content_json
    given = parameters.resolve(run.backend, run.parameters)
    if given != run.parameters:
        document_parameters.check_parameters(content, given)
    steps = document_run.render(content, given, PLATFORM["PlatformType"])
    leaving = False
    for step in steps:
        plugin = Plugin(step.name)
        invocation.plugins.append(plugin)
        if leaving and not step.finally_step:
            plugin.stdout = f"Plugin with name {plugin.action} and id {step.name} skipped due to prior step "
            plugin.stdout += "with an exit condition"
        elif invocation.cancelled.is_set():
            plugin.end("Cancelled", "Cancelled", 1)
            continue
        elif step.failed:
            plugin.stderr = plugin.output = step.failed
            plugin.end("Failed", "Failed", 1)
            continue
        elif not step.skipped:
            leaving = _step(run, invocation, step, plugin) or leaving
            continue
        else:
            plugin.stdout = step.skipped
        plugin.output = plugin.stdout
        plugin.end("Success", "Skipped", 0)


def outcome(plugins: list[Plugin]) -> tuple[str, str]:
    """Return Status and StatusDetails of a document from its steps; the order is the agent's."""
    statuses = {plugin.status for plugin in plugins}
    for status, details in (("Failed", "Failed"), ("TimedOut", "ExecutionTimedOut"), ("Cancelled", "Cancelled")):
        if status in statuses:
            return status, details
    return "Success", "Success"


def _environment(run: Any, instance_id: str, step: Step) -> dict[str, str]:
    return {
        "AWS_SSM_INSTANCE_ID": instance_id,
        "AWS_SSM_REGION_NAME": run.backend.region_name,
        "AWS_SSM_PLATFORM_NAME": PLATFORM["PlatformName"],
        "AWS_SSM_PLATFORM_VERSION": PLATFORM["PlatformVersion"],
        # An association's messages to the agent bear its own id in the place of a command's.
        "SSM_COMMAND_ID": run.association or run.command_id,
        **step.env,
    }


def _attempt(run: Any, invocation: Invocation, step: Step, env: dict[str, str]) -> Result:
    """Run a script to its end; from its beginning again when its node, and the agent, went away and came back."""
    name = invocation.instance_id
    while True:
        try:
            result = fleet().run(name, step.script, env, float(step.timeout), invocation.cancelled, step.where)
            if result.exit_code >= 0 or fleet().online(name):
                return result
        except Exception:
            if fleet().online(name):
                raise
        while not fleet().online(name):
            if invocation.cancelled.wait(POLL_SECONDS):
                return Result(EXIT_KILLED, b"", b"")
            if datetime.now(UTC) > run.expires:
                raise Silent


def _step(run: Any, invocation: Invocation, step: Step, plugin: Plugin) -> bool:
    """Run one step; tell whether the steps after it are to be left out."""
    env = _environment(run, invocation.instance_id, step)
    for _ in range(RESTARTS):
        result = _attempt(run, invocation, step, env)
        plugin.stdout += result.stdout.decode(errors="replace")
        plugin.stderr += result.stderr.decode(errors="replace")
        if result.exit_code != EXIT_REBOOT:
            break
        # The node starts again, and then the agent this step: the script has to know how far it was.
        fleet().reboot(invocation.instance_id)
    code = result.exit_code
    status, details = _status(code, invocation)
    if status == "Failed":
        plugin.stderr += f"failed to run commands: {result.error or f'exit status {code}'}"
    _store(run, invocation, plugin)
    plugin.output = output.joined(plugin.stdout, "" if code == EXIT_SUCCESS else plugin.stderr)
    return _end(plugin, step, status, details, code)


def _status(code: int, invocation: Invocation) -> tuple[str, str]:
    if code == 0:
        return "Success", "Success"
    if code == EXIT_KILLED:
        # The agent cannot tell a script that was killed from one that took too long.
        return ("Cancelled", "Cancelled") if invocation.cancelled.is_set() else ("TimedOut", "ExecutionTimedOut")
    return "Failed", "Failed"


def _end(plugin: Plugin, step: Step, status: str, details: str, code: int) -> bool:
    said = ""
    if code == EXIT_SUCCESS:
        status = details = "Success"
        plugin.stderr = ""
        plugin.stdout += f"\nStep exited with code 168. Therefore, marking step as succeeded. {_SKIPPING}"
    elif code == EXIT_FAILURE:
        said = f"\nStep exited with code 169. Therefore, marking step as Failed. {_SKIPPING}"
    elif status == "Failed" and step.on_failure in ("exit", "successAndExit"):
        said = f"\nStep was found to have onFailure property. {_SKIPPING}"
        if step.on_failure == "successAndExit":
            status, details, code = "Success", "Success", EXIT_SUCCESS
    plugin.stdout, plugin.stderr = plugin.stdout + said, plugin.stderr + said
    leaving = code in (EXIT_SUCCESS, EXIT_FAILURE)
    leaving = leaving or (status == "Failed" and step.on_failure == "exit")
    leaving = leaving or (status == "Success" and step.on_success == "exit")
    plugin.end(status, details, code)
    return leaving


def _store(run: Any, invocation: Invocation, plugin: Plugin) -> None:
    """Write the output wherever the command or the association wants it too."""
    bucket, prefix = run.output_place(invocation.instance_id)
    instance = instances(run.backend).get(invocation.instance_id)
    if instance is None:
        return
    group = run.log_group
    for name, text in (("stdout", plugin.stdout), ("stderr", plugin.stderr)) if group else ():
        output.log(instance, group, f"{run.command_id}/{instance.id}/{plugin.name}/{name}", text)
    place = f"{prefix}/{plugin.action.replace(':', '')}/{plugin.name.replace(':', '')}"
    plugin.stdout_url = output.upload(instance, bucket, f"{place}/stdout", plugin.stdout)
    plugin.stderr_url = output.upload(instance, bucket, f"{place}/stderr", plugin.stderr)
