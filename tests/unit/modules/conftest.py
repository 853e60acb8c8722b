"""Whole-module runs on a strict client: real botocore, its model checking every request, no network."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from ansible.module_utils.common import warnings
from ansible.module_utils.testing import patch_module_args
from ansible_collections.nodecache.eks.plugins.module_utils import _aws
from botocore.validate import validate_parameters

# So that the tests find what they share beside them.
sys.path.insert(0, str(Path(__file__).parent))

ACCOUNT = {"region": "eu-central-1", "access_key": "test", "secret_key": "unit-secret-of-nobody"}


class StrictClient:
    """Answer each operation with the backend's method of that name; what it lacks is not called."""

    def __init__(self, service: str, backend: Any) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.backend = backend
        self.client = self.of_version(service, None)

    def of_version(self, service: str, api_version: str | None) -> Any:
        """Return botocore's client for a version of the API, of which every request is checked."""
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        self.client = boto3.client(service, region_name="eu-central-1", api_version=api_version, **keys)
        self.client._make_api_call = self.answer
        return self.client

    def answer(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        model = self.client.meta.service_model.operation_model(operation)
        validate_parameters(request, model.input_shape)
        self.calls.append((operation, request))
        return getattr(self.backend, operation)(**request) or {}

    def names(self) -> list[str]:
        return [name for name, _request in self.calls]

    def requests(self, operation: str) -> list[dict[str, Any]]:
        return [request for name, request in self.calls if name == operation]


@pytest.fixture(name="strict_client")
def strict_client_fixture(monkeypatch: pytest.MonkeyPatch) -> Callable[..., StrictClient]:
    clients: dict[str, StrictClient] = {}

    def install(service: str, backend: Any) -> StrictClient:
        clients[service] = StrictClient(service, backend)
        monkeypatch.setattr(_aws, "open_session", lambda *_args: Session())
        return clients[service]

    class Session:
        """Has the strict clients that a test installed."""

        def client(self, service: str, api_version: str | None, **_how: Any) -> Any:
            strict = clients[service]
            return strict.of_version(service, api_version) if api_version else strict.client

    return install


@pytest.fixture(name="run_module")
def run_module_fixture(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., dict[str, Any]]:
    def run(name: str, /, check: bool = False, **options: Any) -> dict[str, Any]:
        module = importlib.import_module(f"ansible_collections.nodecache.eks.plugins.modules.{name}")
        arguments = {**ACCOUNT, **options, "_ansible_check_mode": check, "_ansible_diff": True}
        capsys.readouterr()
        # Ansible collects them for the process, which is one module's everywhere else.
        monkeypatch.setattr(warnings, "_global_warnings", {})
        with patch_module_args(arguments), pytest.raises(SystemExit) as stop:
            module.main()
        result = json.loads(capsys.readouterr().out)
        assert bool(stop.value.code) == bool(result.get("failed"))
        return result

    return run


@pytest.fixture(name="four_cases")
def four_cases_fixture(run_module: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Check, do, again, check again: the check foretells the run, and the second run has nothing to do."""

    def cases(
        name: str,
        client: StrictClient,
        writes: set[str],
        untold: tuple[str, ...] = (),
        /,
        **options: Any,
    ) -> dict[str, Any]:
        def foretold(result: dict[str, Any]) -> dict[str, Any]:
            return {
                key: {field: text for field, text in value.items() if field not in untold}
                if isinstance(value, dict)
                else value
                for key, value in result.items()
                if key not in ("invocation", *untold)
            }

        client.calls.clear()
        check = run_module(name, check=True, **options)
        assert not check.get("failed"), check
        assert not writes & set(client.names())
        done = run_module(name, **options)
        assert done["changed"] and writes & set(client.names())
        assert foretold(done) == foretold(check) and not done.get("warnings"), done
        for checking in (False, True):
            client.calls.clear()
            again = run_module(name, check=checking, **options)
            assert not again["changed"] and again["diff"]["before"] == again["diff"]["after"]
            assert not writes & set(client.names())
            assert len(client.calls) <= 3, client.names()
        return done

    return cases
