#!/usr/bin/python
# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ecr_authorization_token_info
version_added: 1.0.0
short_description: Get a registry login for Amazon ECR
description:
  - Gets the user name and password with which a container tool logs in to the caller's private registry.
  - The password is good for twelve hours. Set C(no_log=true) on the task, and hand the password on by standard input.
author:
  - nodecache.eks contributors (@nodecache)
options:
  registry_id:
    description:
      - The AWS account whose registry is meant.
      - By default it is the caller's own. The password is good for every registry that the caller may use.
    type: str
notes:
  - Needs C(ecr:GetAuthorizationToken).
seealso:
  - module: nodecache.eks.ecr_image_info
  - module: community.aws.ecs_ecr
extends_documentation_fragment:
  - nodecache.eks.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Get a login
  nodecache.eks.ecr_authorization_token_info:
  register: login
  no_log: true

- name: Log in
  ansible.builtin.command:
    argv: [podman, login, --username, "{{ login.username }}", --password-stdin, "{{ login.registry }}"]
    stdin: "{{ login.password }}"
  no_log: true
  changed_when: false
"""

RETURN = r"""
registry:
  description: The registry's host name.
  returned: always
  type: str
  sample: 123456789012.dkr.ecr.eu-central-1.amazonaws.com
username:
  description: The user name.
  returned: always
  type: str
  sample: AWS
password:
  description: The password, a secret.
  returned: always
  type: str
  sample: VALUE_SPECIFIED_IN_NO_LOG_PARAMETER
expires_at:
  description: When the password stops to work, in UTC.
  returned: always
  type: str
  sample: "2026-01-31T12:00:00+00:00"
"""

import base64
import binascii

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.nodecache.eks.plugins.module_utils import _ecr, _model
from ansible_collections.nodecache.eks.plugins.module_utils._aws import NodecacheError, make_client


def main() -> None:
    module = AnsibleAWSModule(argument_spec={"registry_id": {}}, supports_check_mode=True)
    registry_id = module.params["registry_id"]
    try:
        client = make_client(module, "ecr")
        if registry_id is not None:
            shape = _model.input_shape(client, "DescribeImages")
            _model.check(shape, {"registryId": registry_id}, whole=False)
        data = _ecr.authorization(client, registry_id)
        username, password = read_token(data["authorizationToken"])
    except NodecacheError as error:
        module.fail_json(msg=str(error))
    shape = _model.output_shape(client, "GetAuthorizationToken").members["authorizationData"].member
    module.exit_json(
        changed=False,
        registry=data["proxyEndpoint"].removeprefix("https://"),
        username=username,
        password=password,
        expires_at=_model.to_result(shape, data)["expires_at"],
    )


def read_token(token: str) -> tuple[str, str]:
    """Return the user name and the password."""
    try:
        username, colon, password = base64.b64decode(token, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise NodecacheError("the registry's token is not in the form USER:PASSWORD in base 64.") from error
    if not colon:
        raise NodecacheError("the registry's token is not in the form USER:PASSWORD in base 64.")
    return username, password


if __name__ == "__main__":
    main()
