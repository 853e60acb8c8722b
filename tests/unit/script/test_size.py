# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The script stays one that an operator can read, and small beside what a document may hold."""

from __future__ import annotations

import ast

from script_support import SCRIPT


def test_about_five_hundred_lines_of_code():
    source = SCRIPT.read_text(encoding="utf-8")
    documented = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node):
            documented |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    lines = enumerate(source.splitlines(), 1)
    code = [line for at, line in lines if at not in documented and line.strip() and not line.lstrip().startswith("#")]
    assert len(code) < 516


def test_the_document_that_holds_it_has_room_to_grow():
    # CreateDocument takes 64 KB at most (Systems Manager quotas, "SSM document size").
    assert len(SCRIPT.read_bytes()) < 40 * 1024
