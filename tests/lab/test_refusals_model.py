"""Every wrong value that the model of ECR's or EKS's operations rules out, one at a time, sent as no client would.

The codes are those that the models give each operation; see also test_validation.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape
from moto.core.utils import camelcase_to_underscores

from lab import settings
from tests.lab.calls import UNCHECKED

ARN = f"arn:aws:iam::{settings.ACCOUNT}:role/ghost"
DIGEST = f"sha256:{'0' * 64}"
# Something right for every pattern that one of the models has.
RIGHT = (
    settings.ACCOUNT,
    "ghost",
    DIGEST,
    "01234567-89ab-cdef-0123-456789abcdef",
    ARN,
    f"arn:aws:secretsmanager:{settings.REGION}:{settings.ACCOUNT}:secret:ecr-pullthroughcache/x",
    f"arn:aws:signer:{settings.REGION}:{settings.ACCOUNT}:/signing-profiles/mine",
    f"arn:aws:kms:{settings.REGION}:{settings.ACCOUNT}:key/mine",
)
WRONG = "\t!"


def fits(shape: Shape, text: str) -> bool:
    from lab.aws import validation

    return not list(validation._walk(shape, text, ""))


def right(shape: Shape, seen: tuple[str, ...] = ()) -> Any:
    """Return a value that the model takes, with every member there is."""
    facts, kind = shape.metadata, shape.type_name
    if kind == "structure":
        inner = (*seen, shape.name)
        return {name: right(member, inner) for name, member in shape.members.items() if member.name not in inner}
    if kind == "list":
        return [right(shape.member, seen) for _ in range(max(facts.get("min", 1), 1))]
    if kind == "map":
        return {"key": right(shape.value, seen)}
    if kind in ("integer", "long"):
        return facts.get("min", 1)
    if kind == "boolean":
        return True
    if kind == "blob":
        return b"part"
    if getattr(shape, "enum", None):
        return shape.enum[0]
    if "pattern" in facts:
        return next(text for text in RIGHT if fits(shape, text))
    return "x" * max(facts.get("min", 1), 1)


def wrong(shape: Shape, value: Any, required: bool) -> Iterator[tuple[str, Any]]:
    """Yield what a value may not be: why, and the value."""
    facts, kind = shape.metadata, shape.type_name
    if required:
        yield "missing", None
    if kind in ("integer", "long"):
        yield from (("too large", facts["max"] + 1),) if "max" in facts else ()
        yield from (("too small", facts["min"] - 1),) if "min" in facts else ()
    if kind == "string":
        yield from (("no such value", WRONG),) if getattr(shape, "enum", None) else ()
        yield from (("too long", "x" * (facts["max"] + 1)),) if "max" in facts else ()
        yield from (("too short", ""),) if facts.get("min") else ()
        yield from (("malformed", WRONG),) if "pattern" in facts else ()
    if kind == "list":
        yield from (("too many", value * (facts["max"] + 1)),) if "max" in facts else ()
        yield from (("none", []),) if facts.get("min") else ()
    if kind == "map" and "max" in facts:
        yield "too many", {f"key{number}": next(iter(value.values())) for number in range(facts["max"] + 1)}


def places(shape: Shape, value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Shape, bool]]:
    """Yield every place in a request, with its shape and whether it has to be there."""
    for name in value:
        member, inner = shape.members[name], (*at, name)
        yield inner, member, name in shape.required_members
        if member.type_name == "structure":
            yield from places(member, value[name], inner)
        elif member.type_name == "list" and member.member.type_name == "structure":
            yield from places(member.member, value[name][0], (*inner, 0))
        elif member.type_name == "list":
            yield (*inner, 0), member.member, False


def changed(request: Any, at: tuple[Any, ...], value: Any) -> Any:
    made = copy.deepcopy(request)
    holder = made
    for key in at[:-1]:
        holder = holder[key]
    if value is None:
        del holder[at[-1]]
    else:
        holder[at[-1]] = value
    return made


def cases(service: str) -> list[Any]:
    return list(_cases(service))


def _cases(service: str) -> Iterator[Any]:
    model = ServiceModel(Loader().load_service_model(service, "service-2"), service)
    for operation in model.operation_names:
        shape = model.operation_model(operation).input_shape
        request = right(shape)
        in_path = {name for name, member in shape.members.items() if member.serialization.get("location") == "uri"}
        for at, member, required in places(shape, request):
            if at[0] in in_path:
                # Without its name in it, the address is another operation's.
                continue
            value = request
            for key in at:
                value = value[key]
            for why, bad in wrong(member, value, required):
                label = f"{operation}-{'.'.join(map(str, at))}-{why}"
                yield pytest.param(operation, changed(request, at, bad), at, id=label)


@pytest.fixture(scope="module")
def clients() -> Iterator[dict[str, Any]]:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    from lab.aws import ecr, eks, validation

    for module in (validation, ecr, eks):
        module.install()
    server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield {
        service: boto3.client(
            service,
            endpoint_url=f"http://127.0.0.1:{server.server_port}",
            region_name=settings.REGION,
            aws_access_key_id=settings.ACCESS_KEY,
            aws_secret_access_key=settings.SECRET_KEY,
            config=UNCHECKED,
        )
        for service in ("ecr", "eks")
    }
    server.shutdown()
    server.server_close()


def refused(client: Any, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        getattr(client, camelcase_to_underscores(operation))(**request)
    answer: dict[str, Any] = caught.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400
    shapes = client.meta.service_model.operation_model(operation).error_shapes
    # Where a model has nothing but faults of the service, AWS refuses with a code that it does not name.
    assert answer["Error"]["Code"] in {shape.name for shape in shapes} - {"ServerException"} or {
        "InvalidParameterException"
    }
    return dict(answer["Error"])


@pytest.mark.parametrize(("operation", "request_", "at"), cases("ecr"))
def test_ecr_takes_nothing_that_its_model_does_not(
    clients: dict[str, Any], operation: str, request_: dict[str, Any], at: tuple[Any, ...]
) -> None:
    error = refused(clients["ecr"], operation, request_)
    assert error["Code"] == "InvalidParameterException"
    assert error["Message"].startswith("Invalid parameter at '")


@pytest.mark.parametrize(("operation", "request_", "at"), cases("eks"))
def test_eks_takes_nothing_that_its_model_does_not(
    clients: dict[str, Any], operation: str, request_: dict[str, Any], at: tuple[Any, ...]
) -> None:
    error = refused(clients["eks"], operation, request_)
    assert "failed to satisfy constraint" in error["Message"]
