"""What a whole run notes is another text whenever a run might have something to do."""

from __future__ import annotations

from ansible_collections.nodecache.eks.plugins.plugin_utils import _record

THINGS = [
    {"kind": "rule", "name": "nodecache-main", "ours": True, "fingerprint": "a"},
    {"kind": "document", "name": "nodecache-main", "ours": True, "fingerprint": "b"},
]


def test_the_order_of_things_and_what_is_anothers_do_not_count():
    noted = _record.state({"keep": 2}, THINGS)
    assert noted == _record.state({"keep": 2}, [*reversed(THINGS), {**THINGS[0], "ours": False, "name": "x"}])


def test_everything_else_does(monkeypatch):
    noted = [_record.state({"keep": 2}, THINGS), _record.state({"keep": 3}, THINGS)]
    noted += [_record.state({"keep": 2}, THINGS[:1]), _record.state({"keep": 2}, [{**THINGS[0], "fingerprint": "c"}])]
    monkeypatch.setattr(_record, "code", lambda: "another release")
    noted.append(_record.state({"keep": 2}, THINGS))
    assert len(set(noted)) == len(noted)


def test_code_is_the_role_and_the_plugins(tmp_path):
    paths = [tmp_path / "plugins/modules/one.py", tmp_path / "roles/prefetch/templates/document.yml.j2"]
    seen = {_record.code(tmp_path)}
    for path in paths:
        path.parent.mkdir(parents=True)
        path.write_text("1")
        _record.code.cache_clear()
        seen.add(_record.code(tmp_path))
    (tmp_path / "plugins/modules/one.pyc").write_text("1")
    _record.code.cache_clear()
    assert len(seen) == 3 and _record.code(tmp_path) in seen
    _record.code.cache_clear()
