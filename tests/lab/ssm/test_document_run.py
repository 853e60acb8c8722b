"""What document_run and schedule make of their input; no server, no node.

https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-syntax-data-elements-parameters.html,
https://docs.aws.amazon.com/systems-manager/latest/userguide/reference-cron-and-rate-expressions.html
and the agent's own code:
https://github.com/aws/amazon-ssm-agent/tree/mainline/agent/framework/docparser
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lab.aws import schedule
from lab.aws.ssm import document_parameters, document_run
from lab.aws.ssm.document_parameters import DocumentError
from lab.aws.ssm.output import joined


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


@pytest.mark.parametrize(("given", "used"), [("5", 5), ("4", 3600), ("172800", 172800), ("no", 3600), (7, 7)])
def test_a_timeout_out_of_bounds_becomes_an_hour(given: object, used: int) -> None:
    wanted = content(["true"])
    wanted["mainSteps"][0]["inputs"]["timeoutSeconds"] = given
    assert document_run.render(wanted, {})[0].timeout == used


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ({"nope": ["1"], "must": ["a"]}, "unknown parameters: nope"),
        ({}, "missing parameters: must"),
        ({"must": ["A"]}, "allowedPattern"),
        ({"must": ["a", "b"]}, "exactly one value"),
        ({"must": ["a"], "act": ["no"]}, "must be one of"),
    ],
)
def test_parameters_are_checked(given: dict[str, list[str]], part: str) -> None:
    specs = {
        "must": {"type": "String", "allowedPattern": "^[a-z]+$"},
        "act": {"type": "String", "default": "report", "allowedValues": ["report", "prefetch"]},
    }
    with pytest.raises(DocumentError, match=part):
        document_parameters.check_parameters(content([], **specs), given)


@pytest.mark.parametrize("name", ["a_b", "a-b", ""])
def test_the_agent_drops_such_parameter_names(name: str) -> None:
    with pytest.raises(DocumentError, match="parameter name"):
        document_run.check_content(content([], **{name: LIST}))


NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)  # a Tuesday


@pytest.mark.parametrize(
    ("expression", "due"),
    [
        ("rate(30 minutes)", datetime(2026, 11, 24, 12, 30, tzinfo=UTC)),
        ("rate(1 hour)", datetime(2026, 11, 24, 13, 0, tzinfo=UTC)),
        ("cron(0/30 * * * ? *)", datetime(2026, 11, 24, 12, 30, tzinfo=UTC)),
        ("cron(0 2 ? * SUN *)", datetime(2026, 11, 29, 2, 0, tzinfo=UTC)),
        ("cron(0 2 ? * SUN#2 *)", datetime(2026, 12, 13, 2, 0, tzinfo=UTC)),
        ("cron(0 2 ? * 6L *)", datetime(2026, 11, 27, 2, 0, tzinfo=UTC)),
        ("cron(15 10 L * ? *)", datetime(2026, 11, 30, 10, 15, tzinfo=UTC)),
        ("cron(30 0 12 * * ? *)", datetime(2026, 11, 24, 12, 0, 30, tzinfo=UTC)),
        ("rate(1 minute)", datetime(2026, 11, 24, 12, 1, tzinfo=UTC)),
        ("cron(0 12 1 JAN ? *)", datetime(2027, 1, 1, 12, 0, tzinfo=UTC)),
        ("cron(0 8 ? * MON-FRI *)", datetime(2026, 11, 25, 8, 0, tzinfo=UTC)),
        # The 28th is a Saturday; the 1st of August 2027 a Sunday; the 31st of October 2026 a Saturday.
        ("cron(0 8 28W * ? *)", datetime(2026, 11, 27, 8, 0, tzinfo=UTC)),
        ("cron(0 8 1W AUG ? 2027)", datetime(2027, 8, 2, 8, 0, tzinfo=UTC)),
        ("cron(0 8 31W OCT ? 2027)", datetime(2027, 10, 29, 8, 0, tzinfo=UTC)),
        ("at(2026-12-01T00:00:00)", datetime(2026, 12, 1, tzinfo=UTC)),
        ("at(2020-12-01T00:00:00)", None),
    ],
)
def test_the_next_run_of_a_schedule(expression: str, due: datetime | None) -> None:
    assert schedule.next_run(expression, NOON) == due


@pytest.mark.parametrize(
    "expression",
    [
        "rate(1 hours)",
        "rate(2 hour)",
        "cron(0 2 * *)",
        "cron(99 * * * ? *)",
        "cron(0 2 1 * SUN *)",
        "every day",
        "at(tomorrow)",
        "cron(* * * * FOO *)",
    ],
)
def test_wrong_schedules_are_refused(expression: str) -> None:
    with pytest.raises(schedule.ScheduleError):
        schedule.next_run(expression, NOON)


@pytest.mark.parametrize(
    "expression",
    ["rate(29 minutes)", "rate(31 days)", "cron(0 2 ? JAN SUN *)", "cron(0/29 * * * ? *)", "cron(0,29 2 * * ? *)"],
)
def test_what_state_manager_does_not_run_others_may(expression: str) -> None:
    assert schedule.next_run(expression, NOON)
    with pytest.raises(schedule.ScheduleError):
        schedule.check_interval(expression, NOON)


@pytest.mark.parametrize(
    "expression", ["rate(30 minutes)", "rate(30 days)", "cron(0/30 * * * ? *)", "cron(0 2 ? * SUN *)"]
)
def test_state_manager_runs_every_30_minutes_at_most(expression: str) -> None:
    schedule.check_interval(expression, NOON)


def test_output_is_cut_with_the_agents_marks() -> None:
    assert joined("out", "err") == "out\n----------ERROR-------\nerr"
    long = joined("o" * 3000, "")
    assert long.endswith("\n---Output truncated---") and len(long) <= 2500
    both = joined("o" * 3000, "e" * 3000)
    assert "---Output truncated---" in both and both.endswith("\n---Error truncated----") and len(both) <= 2500
    assert joined("o" * 2399, "") == "o" * 2399


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
