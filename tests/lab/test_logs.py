"""The logs as a person reads and follows them, one file a part; tail(1) has the options."""

from __future__ import annotations

import io
import threading
import time

import pytest

from lab import cli, logs, settings


@pytest.fixture(name="folder", autouse=True)
def folder_fixture(tmp_path, monkeypatch):
    monkeypatch.setattr(settings, "LOG", tmp_path / "log")
    settings.LOG.mkdir()
    for name in ("server", "docker-registry", "registry-access", "i-0a-containerd", "i-0b-containerd", "i-0a-agent"):
        (settings.LOG / f"{name}.log").write_text("".join(f"{name} {number}\n" for number in range(3)))
    return settings.LOG


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (["server"], ["server"]),
        # An exact name wins over one that only begins so.
        (["registry"], ["registry"]),
        (["registry-access", "server"], ["registry-access", "server"]),
        (["containerd"], ["i-0a-containerd", "i-0b-containerd"]),
        (["i-0a"], ["i-0a-agent", "i-0a-containerd"]),
    ],
)
def test_parts_are_named_in_short(wanted, found):
    assert list(logs.chosen(wanted)) == found


def test_every_part_is_shown_without_a_name(capsys):
    assert cli.main(["logs", "--lines", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "server          | server 2" in lines
    assert len(lines) == 6


def test_one_part_is_shown_as_it_is(capsys):
    assert cli.main(["logs", "server", "-n", "2"]) == 0
    assert capsys.readouterr().out == "server 1\nserver 2\n"


def test_the_last_lines_of_a_long_log(folder, capsys):
    (folder / "server.log").write_text("".join(f"{'x' * 100} {number}\n" for number in range(1000)))
    assert cli.main(["logs", "server", "-n", "200"]) == 0
    found = [line.split()[1] for line in capsys.readouterr().out.splitlines()]
    assert found == [str(number) for number in range(800, 1000)]


def test_the_parts_are_listed(folder, capsys):
    assert cli.main(["logs", "--list"]) == 0
    lines = dict(line.split() for line in capsys.readouterr().out.splitlines())
    assert lines["registry"] == str(folder / "docker-registry.log")


def test_an_unknown_part_and_no_lab(folder, capsys, monkeypatch):
    assert cli.main(["logs", "nobody"]) == 1
    assert "No part of the lab is called 'nobody': there are i-0a-agent," in capsys.readouterr().err
    monkeypatch.setattr(settings, "LOG", folder / "none")
    assert cli.main(["logs"]) == 1
    assert capsys.readouterr().err == "There is no lab whose logs could be shown.\n"


def test_following_shows_what_comes_and_ends_with_the_lab(folder, monkeypatch):
    monkeypatch.setattr(logs, "GLANCE", 0.01)
    out = io.StringIO()
    thread = threading.Thread(target=logs.show, args=([], 1, True, out), daemon=True)
    thread.start()

    def until(text):
        deadline = time.monotonic() + 10
        while text not in out.getvalue():
            assert time.monotonic() < deadline, out.getvalue()
            time.sleep(0.01)

    until("| server 2\n")
    with (folder / "server.log").open("a") as stream:
        stream.write("half")
        stream.flush()
        (folder / "i-0c-containerd.log").write_text("a new node\n")
        until("| a new node\n")
        assert "half" not in out.getvalue()
        stream.write(" and half\n")
    until("| half and half\n")
    folder.rename(folder.with_name("gone"))
    thread.join(timeout=10)
    assert not thread.is_alive()
