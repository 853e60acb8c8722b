"""docker-registry's own layout on disk, which the lab reads and tidies beside it.

https://github.com/distribution/distribution/blob/main/registry/storage/paths.go has the layout.
"""

from __future__ import annotations

import pytest

from lab.registry import store

WHERE = ("123456789012", "us-east-1")
ONE, TWO = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"


@pytest.fixture(name="root")
def root_fixture(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "STORE", tmp_path)
    return tmp_path / "docker/registry/v2"


def write(root, digest):
    """Store a layer's bytes, as an upload does."""
    value = digest[7:]
    path = root / "blobs/sha256" / value[:2] / value / "data"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"abc")
    return path


def test_a_layer_is_a_repositorys_when_it_is_linked_there(root):
    path = write(root, ONE)
    assert store.blob(*WHERE, "app", ONE) is None
    store.link(*WHERE, "app", ONE)
    assert (root / "repositories/123456789012/us-east-1/app/_layers/sha256" / ONE[7:] / "link").read_text() == ONE
    assert store.blob(*WHERE, "app", ONE) == path
    assert store.blob(*WHERE, "app/nested", ONE) is None
    assert store.blob("210987654321", "us-east-1", "app", ONE) is None


def test_a_link_to_bytes_that_are_not_there_is_no_layer(root):
    store.link(*WHERE, "app", TWO)
    assert store.blob(*WHERE, "app", TWO) is None
    assert store.blob(*WHERE, "app", "no digest") is None


def test_a_layer_is_forgotten_in_one_repository(root):
    write(root, ONE)
    for name in ("app", "other"):
        store.link(*WHERE, name, ONE)
    store.forget(*WHERE, "app", ONE)
    store.forget(*WHERE, "app", ONE)
    assert store.blob(*WHERE, "app", ONE) is None
    assert store.blob(*WHERE, "other", ONE) is not None


def test_a_repository_goes_without_those_below_its_name(root):
    write(root, ONE)
    for name in ("app", "app/nested"):
        store.link(*WHERE, name, ONE)
        for part in ("_manifests", "_uploads"):
            (store.folder(*WHERE, name) / part).mkdir()
    store.remove(*WHERE, "app")
    store.remove(*WHERE, "nobody")
    assert [path.name for path in store.folder(*WHERE, "app").iterdir()] == ["nested"]
    assert len(list(store.folder(*WHERE, "app/nested").iterdir())) == 3


def test_an_upload_is_two_requests_of_the_protocol(monkeypatch):
    """https://github.com/opencontainers/distribution-spec/blob/main/spec.md#post-then-put"""
    sent = []

    class Answer:
        headers = {"Location": "http://127.0.0.1/upload?state=x"}

    def send(method, url, data):
        sent.append((method, url.partition("/v2/")[2] or url, data))
        return Answer

    monkeypatch.setattr(store, "_send", send)
    digest = store.add(*WHERE, "team/app", b"abc")
    assert digest == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sent == [
        ("POST", "123456789012/us-east-1/team/app/blobs/uploads/", b""),
        ("PUT", f"http://127.0.0.1/upload?state=x&digest={digest}", b"abc"),
    ]
