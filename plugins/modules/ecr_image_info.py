#!/usr/bin/python
# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ecr_image_info
version_added: 1.0.0
short_description: List the images of an Amazon ECR repository
description:
  - Lists the tagged images of one private repository, the newest pushed first.
  - Signatures, attestations, SOCI indexes and other artifacts that a node cannot run are left out, and so are archived
    images.
author:
  - nodecache.eks contributors (@nodecache)
options:
  repository_name:
    description: The repository's name.
    type: str
    required: true
  registry_id:
    description:
      - The AWS account that owns the repository.
      - By default it is the caller's own.
    type: str
  image_tags:
    description:
      - Only images with one of these tags.
      - A tag that is not there is no error, it finds no image.
    type: list
    elements: str
  tag_pattern:
    description: Only images with a tag that matches this shell-style pattern, as V(v1.*).
    type: str
extends_documentation_fragment:
  - nodecache.eks.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Find the newest release
  nodecache.eks.ecr_image_info:
    repository_name: team/app
    tag_pattern: v*
  register: releases

- name: Name it by its digest
  ansible.builtin.debug:
    msg: "{{ releases.images[0].repository_uri }}@{{ releases.images[0].image_digest }}"
  when: releases.images
"""

RETURN = r"""
images:
  description: The images, the newest pushed first.
  returned: always
  type: list
  elements: dict
  contains:
    repository_name:
      description: The repository's name.
      type: str
    registry_id:
      description: The AWS account that owns the repository.
      type: str
    repository_uri:
      description: What an image name begins with.
      type: str
      sample: 123456789012.dkr.ecr.eu-central-1.amazonaws.com/team/app
    image_digest:
      description: The digest of the image or of its index.
      type: str
    image_tags:
      description: All the image's tags, those that were asked for first.
      type: list
      elements: str
    image_size_in_bytes:
      description: The compressed size; of an index it is the largest image's.
      type: int
    image_pushed_at:
      description: When it was pushed, in UTC.
      type: str
      sample: "2026-01-31T12:00:00+00:00"
"""

from fnmatch import fnmatchcase
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.nodecache.eks.plugins.module_utils import _ecr
from ansible_collections.nodecache.eks.plugins.module_utils._aws import NodecacheError, make_client


def _wanted(tag: str, params: dict[str, Any]) -> bool:
    names, pattern = params["image_tags"], params["tag_pattern"]
    return (names is None or tag in names) and (pattern is None or fnmatchcase(tag, pattern))


def select(details: list[dict[str, Any]], repository: dict[str, Any], params: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the images that were asked for, the newest pushed first."""
    images = []
    for detail in details:
        tags = _ecr.image_tags(detail)
        wanted = [tag for tag in tags if _wanted(tag, params)]
        if not wanted or not _ecr.is_image(detail):
            continue
        image = {
            "repository_name": repository["repositoryName"],
            "registry_id": repository["registryId"],
            "repository_uri": repository["repositoryUri"],
            "image_digest": detail["imageDigest"],
            "image_tags": wanted + [tag for tag in tags if tag not in wanted],
            "image_size_in_bytes": detail.get("imageSizeInBytes"),
            "image_pushed_at": _ecr.pushed_at(detail),
        }
        images.append((detail["imagePushedAt"], detail["imageDigest"], image))
    # The digest makes the order of images pushed at the same moment the same every time.
    return [image for _pushed, _digest, image in sorted(images, key=lambda entry: entry[:2], reverse=True)]


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "repository_name": {"required": True},
            "registry_id": {},
            "image_tags": {"type": "list", "elements": "str"},
            "tag_pattern": {},
        },
        supports_check_mode=True,
    )
    name, registry_id = module.params["repository_name"], module.params["registry_id"]
    try:
        client = make_client(module, "ecr")
        repository = _ecr.describe_repository(client, name, registry_id)
        images = select(_ecr.describe_tagged_images(client, name, registry_id), repository, module.params)
    except NodecacheError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, images=images)


if __name__ == "__main__":
    main()
