"""What document_run and schedule make of their input; no server, no node.

https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-syntax-data-elements-parameters.html,
https://docs.aws.amazon.com/systems-manager/latest/userguide/reference-cron-and-rate-expressions.html
and the agent's own code:
https://github.com/aws/amazon-ssm-agent/tree/mainline/agent/framework/docparser
"""

from __future__ import annotations

import pytest

from lab.aws.ssm import document_run
from lab.aws.ssm.document_parameters import DocumentError


def content(run: object, **parameters: object) -> dict[str, object]:
    step = {"action": "aws:runShellScript", "name": "nodecache", "inputs": {"runCommand": run}}
    return {"schemaVersion": "2.2", "parameters": parameters, "mainSteps": [step]}


def script(run: object, given: dict[str, list[str]], **parameters: object) -> str:
    return document_run.render(content(run, **parameters), given)[0].script


LIST = {"type": "StringList", "default": []}


def test_a_list_inside_a_longer_string_is_json_text() -> None:
    assert script(['{"images": {{ images }}}'], {"images": ["a", "b&c"]}, images=LIST) == (
        '{"images": ["a","b\\u0026c"]}\n'
    )
    assert script(["x={{images}}"], {}, images=LIST) == "x=[]\n"


def test_a_list_alone_stays_a_list() -> None:
    assert script("{{ images }}", {"images": ["one", "two"]}, images=LIST) == "one\ntwo\n"
    assert script(["first", "{{ images }}"], {"images": ["one", "two"]}, images=LIST) == "first\none\ntwo\n"


def test_interpolation_is_one_pass_and_halves_dollars() -> None:
    text = {"type": "String", "default": ""}
    assert script(["{{ a }} {{ b }} {{ c }}"], {"a": ["{{ b }}"], "b": ["$$x"]}, a=text, b=text) == (
        "{{ b }} $x {{ c }}\n"
    )


def test_env_var_parameters_are_exported_and_never_pasted() -> None:
    spec = {"type": "String", "interpolationType": "ENV_VAR", "default": "d"}
    step = document_run.render(content(["echo {{ p }}"], p=spec), {"p": ["$(id)"]})[0]
    assert (step.script, step.env) == ("echo {{ p }}\n", {"SSM_p": "$(id)"})


@pytest.mark.parametrize(("platform", "skipped"), [("Linux", False), ("Windows", True)])
def test_a_precondition_on_the_platform(platform: str, skipped: bool) -> None:
    wanted = content(["true"])
    wanted["mainSteps"][0]["precondition"] = {"StringEquals": ["platformType", "Linux"]}
    assert document_run.render(wanted, {}, platform)[0].skipped.startswith("Step execution skipped") is skipped


def test_a_document_of_schema_2_0_has_no_preconditions() -> None:
    """agent/framework/runpluginutil/runpluginutil.go, getStepExecutionOperation: met or not, such a step fails."""
    wanted = content(["true"]) | {"schemaVersion": "2.0"}
    assert not document_run.render(wanted, {})[0].failed
    wanted["mainSteps"][0]["precondition"] = {"StringEquals": ["platformType", "Linux"]}
    (step,) = document_run.render(wanted, {})
    assert step.failed.startswith("Precondition is not supported") and not step.script


@pytest.mark.parametrize(("given", "used"), [("5", 5), ("4", 3600), ("172800", 172800), ("no", 3600), (7, 7)])
def test_a_timeout_out_of_bounds_becomes_an_hour(given: object, used: int) -> None:
    wanted = content(["true"])
    wanted["mainSteps"][0]["inputs"]["timeoutSeconds"] = given
    assert document_run.render(wanted, {})[0].timeout == used


@pytest.mark.parametrize("name", ["a_b", "a-b", ""])
def test_the_agent_drops_such_parameter_names(name: str) -> None:
    with pytest.raises(DocumentError, match="parameter name"):
        document_run.check_content(content([], **{name: LIST}))


def test_schema_1_2_has_the_settings_of_plugins_for_steps() -> None:
    inputs = {"runCommand": ["echo {{ word }}"], "timeoutSeconds": "7"}
    content = {
        "schemaVersion": "1.2",
        "parameters": {"word": {"type": "String"}},
        "runtimeConfig": {"aws:runShellScript": {"properties": [inputs, inputs]}},
    }
    document_run.check_content(content)
    steps = document_run.render(content, {"word": ["hello"]})
    assert [(step.name, step.script, step.timeout) for step in steps] == [
        ("aws:runShellScript", "echo hello\n", 7),
        ("aws:runShellScript-1", "echo hello\n", 7),
    ]
    with pytest.raises(DocumentError, match="runtimeConfig must hold at least one step"):
        document_run.check_content({"schemaVersion": "1.2", "mainSteps": [inputs]})
