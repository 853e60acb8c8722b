# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module again until the nodes hold the images, and shows how far each is; a module can show nothing."""

from __future__ import annotations

import time
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.validation import check_type_bool, check_type_int
from ansible.plugins.action import ActionBase
from ansible_collections.nodecache.eks.plugins.plugin_utils import _progress


class ActionModule(ActionBase):
    """Look once, or with C(wait) until every node holds every image."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        args = dict(self._task.args)
        wait, least, timeout, delay = self._patience(args)
        deadline = time.monotonic() + timeout
        while True:
            looked = self._execute_module("nodecache.eks.image_cache_info", args, task_vars=task_vars)
            result.update(looked)
            if not wait or looked.get("failed") or _progress.complete(looked, least):
                return result
            for line in _progress.lines(looked, least):
                self._display.display(f"  {line}")
            if time.monotonic() + delay > deadline:
                result.update(failed=True, msg=f"after {timeout} seconds: {_progress.lacking(looked, least)}")
                return result
            time.sleep(delay)

    @staticmethod
    def _patience(args: dict[str, Any]) -> tuple[bool, int, int, int]:
        """Return wait, min_nodes, wait_timeout and wait_delay; their ranges are the module's to check."""
        values = {"wait": False, "min_nodes": 1, "wait_timeout": 900, "wait_delay": 5} | args
        try:
            numbers = [check_type_int(values[name]) for name in ("min_nodes", "wait_timeout", "wait_delay")]
            return (check_type_bool(values["wait"]), *numbers)
        except TypeError as error:
            raise AnsibleActionFail(f"wait, min_nodes, wait_timeout and wait_delay: {error}") from None
