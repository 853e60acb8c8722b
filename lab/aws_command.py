"""The `aws` of the lab's person and of its nodes: version 1 of the AWS CLI, which PyPI has, working as version 2 does.

https://docs.aws.amazon.com/cli/latest/userguide/cliv2-migration-changes.html tells what version 2 changed. Copied
into a node with the interpreter's path on its first line; it imports nothing of the package, and awscli only where it
is run: the CLI puts a botocore of its own into the place of the one that the lab's server has.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import sys
from collections.abc import Callable
from typing import Any

# Version 2 brings authorities of its own, which no node of an emulated AWS could trust.
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
# Whose options and defaults these are; what is under it is told beside it.
VERSION = "2.10.0"
OUTPUTS = ("json", "text", "table", "yaml", "yaml-stream")
# https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-returncodes.html
USAGE, CONFIGURATION, SERVICE, ELSE = 252, 253, 254, 255


def environment(session: Any, region: Callable[[], str | None]) -> dict[str, str]:
    """Return what version 2 would find by itself; version 1 knows no AWS_REGION, and asks no metadata service for it.

    https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html
    """
    found = {}
    if not session.get_config_variable("ca_bundle"):
        found["AWS_CA_BUNDLE"] = BUNDLE
    name = os.environ.get("AWS_REGION")
    if name or (not session.get_config_variable("region") and (name := region())):
        found["AWS_DEFAULT_REGION"] = name
    return found


def binary(value: Any, shape: Any) -> Any:
    """Return parameters with their blobs decoded: text is base64 to version 2, and fileb:// gives bytes already."""
    if shape.type_name == "blob" and isinstance(value, str):
        try:
            return base64.b64decode(value, validate=True)
        except binascii.Error as error:
            raise ValueError(f'Invalid base64: "{value}"') from error
    if shape.type_name == "structure" and isinstance(value, dict):
        known = shape.members
        return {name: binary(one, known[name]) if name in known else one for name, one in value.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [binary(one, shape.member) for one in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {name: binary(one, shape.value) for name, one in value.items()}
    return value


def outcome(error: Exception | None) -> int:
    """Return the code of a command that failed: 252 for what was typed, 254 for what the service refused."""
    kinds = {} if error is None else {kind.__name__ for kind in type(error).__mro__}
    if "ClientError" in kinds:
        return SERVICE
    if kinds & {"ParamError", "ParamSyntaxError", "ParamValidationError"}:
        return USAGE
    return ELSE


def yaml_formatter(base: Any, stream: bool) -> Any:
    """Return version 2's formatters for YAML; a stream is a list of the pages."""
    import yaml
    from awscli.utils import json_encoder

    class Formatter(base):  # type: ignore[misc]
        def _format_response(self, _command: str, response: Any, out: Any) -> None:
            if response != {}:
                plain = json.loads(json.dumps(response, default=json_encoder))
                yaml.safe_dump([plain] if stream else plain, out, sort_keys=False, allow_unicode=True)

    return Formatter


def main() -> int:
    """Run a command as version 2 would."""
    from awscli import argparser, clidriver, formatter, paramfile
    from awscli.customizations.overridesslcommonname import SSL_COMMON_NAMES
    from awscli.customizations.scalarparse import iso_format
    from botocore.utils import InstanceMetadataRegionFetcher

    driver = clidriver.create_clidriver()
    session = driver.session
    session.user_agent_version = f"{VERSION} (lab, on awscli {clidriver.__version__})"
    errors: list[Exception] = []
    codes: list[int] = []

    def options(argument_table: dict[str, Any], **_rest: Any) -> None:
        argument_table["output"] = clidriver.CustomArgument("output", choices=OUTPUTS)
        for name in ("no-cli-pager", "no-cli-auto-prompt"):
            argument_table[name] = clidriver.CustomArgument(name, action="store_true")
        choices = ("base64", "raw-in-base64-out")
        argument_table["cli-binary-format"] = clidriver.CustomArgument("cli-binary-format", choices=choices)

    def defaults(session: Any, parsed_args: Any, **_rest: Any) -> None:
        # Only now the session knows which profile was asked for.
        try:
            config = session.get_scoped_config()
            os.environ.update(environment(session, lambda: InstanceMetadataRegionFetcher().retrieve_region()))
        except clidriver.ProfileNotFound:
            # "aws configure --profile" makes one.
            config = {}
        if "cli_timestamp_format" not in config:
            session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=iso_format)
        if (parsed_args.cli_binary_format or config.get("cli_binary_format", "base64")) == "base64":
            session.register("provide-client-params", lambda params, model, **_: binary(params, model.input_shape))

    def removed(command_table: dict[str, Any], **_rest: Any) -> None:
        command_table.pop("get-login", None)

    def format_as(kind: str, arguments: Any) -> Any:
        if kind not in ("yaml", "yaml-stream"):
            return formatter.get_formatter(kind, arguments)
        return yaml_formatter(formatter.FullyBufferedFormatter, kind == "yaml-stream")(arguments)

    def show(text: str) -> None:
        codes.append(CONFIGURATION)
        print(text, file=sys.stderr)

    def write(error: Exception, outfile: Any) -> None:
        errors.append(error)
        outfile.write(f"\n{error}\n")

    session.register("building-top-level-params", options)
    session.register("session-initialized", defaults)
    session.register("building-command-table.ecr", removed)
    # Version 1 asks some services by a former name, whatever AWS_ENDPOINT_URL says.
    SSL_COMMON_NAMES.clear()
    # Version 2 takes no parameter from a URL, and nobody needs its advertisement.
    paramfile.REMOTE_PREFIX_MAP.clear()
    argparser.USAGE = clidriver.USAGE = argparser.USAGE.partition("\n\nusage: ")[2]
    clidriver.get_formatter, clidriver.write_exception, driver._show_error = format_as, write, show
    try:
        code: int = driver.main()
    except SystemExit as ended:
        # The parser's own word for what it does not know.
        return USAGE if ended.code == 2 else int(ended.code or 0)
    if code != ELSE:
        return code
    # What ends the driver without a word to these is an option that it does not know.
    return codes[0] if codes else outcome(errors[0]) if errors else USAGE


if __name__ == "__main__":
    sys.exit(main())
