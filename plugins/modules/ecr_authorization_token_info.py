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
expires_at:
  description: When the password stops to work, in UTC.
  returned: always
  type: str
  sample: "2026-01-31T12:00:00+00:00"
"""

import base64
import datetime

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.nodecache.eks.plugins.module_utils._aws import NodecacheError, call, make_client


def main() -> None:
    module = AnsibleAWSModule(argument_spec={}, supports_check_mode=True)
    try:
        client = make_client(module, "ecr")
        with call("registry", "get a login", client.meta.region_name):
            data = client.get_authorization_token(aws_retry=True)["authorizationData"][0]
    except NodecacheError as error:
        module.fail_json(msg=str(error))
    username, _colon, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    module.exit_json(
        changed=False,
        registry=data["proxyEndpoint"].removeprefix("https://"),
        username=username,
        password=password,
        expires_at=data["expiresAt"].astimezone(datetime.UTC).isoformat(),
    )


if __name__ == "__main__":
    main()
