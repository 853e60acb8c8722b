# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark runs behind the node script in one file, so what it takes from there has to be there."""

from __future__ import annotations

import ast
import builtins

from script_support import ROOT, nodecache

SOURCE = ast.parse((ROOT / "roles/benchmark/files/benchmark.py").read_text(encoding="utf-8"))


def test_every_name_is_its_own_or_the_scripts():
    nodes = list(ast.walk(SOURCE))
    own = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    own |= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    own |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    own |= {node.name for node in nodes if isinstance(node, ast.ExceptHandler) and node.name}
    used = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    assert {"Image", "ecr_api", "retry"} <= used
    assert not {name for name in used - own if not hasattr(nodecache, name) and not hasattr(builtins, name)}


def test_every_method_of_the_runtime_is_there():
    asked = [node for node in ast.walk(SOURCE) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)]
    methods = {node.attr for node in asked if node.value.id == "runtime"}
    assert {"call", "pull"} <= methods
    assert not {name for name in methods if not hasattr(nodecache.Runtime, name)}
