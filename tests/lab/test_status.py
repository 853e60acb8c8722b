"""What `status` tells: the tables, and how what SSM and containerd answer is put into them.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_AssociationOverview.html and API_Command.html
"""

from __future__ import annotations

from datetime import UTC, datetime

from lab import status

LISTED = """REF TYPE DIGEST SIZE PLATFORMS LABELS
host/app:v1 media sha256:aaaaaaaaaaaaaaaa 1.0 GiB linux/amd64 io.cri-containerd.pinned=pinned,x=y
host/app@sha256:aaaaaaaaaaaaaaaa media sha256:aaaaaaaaaaaaaaaa 1.0 GiB linux/amd64 -
host/old@sha256:bbbbbbbbbbbbbbbb media sha256:bbbbbbbbbbbbbbbb 2 B linux/amd64 io.cri-containerd.pinned=
sha256:cccccccccccccccc media sha256:aaaaaaaaaaaaaaaa 1.0 GiB linux/amd64 a=b
"""


def test_columns_are_aligned():
    lines = list(status.table("Things", ("A", "LONGER"), [("wide one", 1), ("b", 22)], "None."))
    assert lines == ["", "Things", "A         LONGER", "wide one  1", "b         22"]
    assert list(status.table("Things", ("A",), [], "None.")) == ["", "None."]


def test_rows_fit_a_terminal_and_pipes_get_everything(monkeypatch):
    wide = "123456789012.dkr.ecr.us-east-1.amazonaws.com/app:1"
    rows = [("i-0123456789abcdef0", wide, "2026-11-29 00:20:04")]

    def last(columns):
        monkeypatch.setattr(status, "room", lambda: columns)
        return list(status.table("Images", ("INSTANCE", "IMAGE", "WHEN"), rows, "none"))[-1]

    assert last(None) == last(200) == f"i-0123456789abcdef0  {wide}  2026-11-29 00:20:04"
    assert last(60) == "i-0123456789abcdef0  …azonaws.com/app:1  2026-11-29 00:20:04"
    assert len(last(60)) <= 60
    # Ids are there to be copied; what is left of a time is the time of day.
    assert last(10) == "i-0123456789abcdef0  …om/app:1  …00:20:04"
    assert status.cut("Success (2 Success)", 9, "STATUS") == "Success …"


def test_an_image_is_listed_once():
    assert list(status.images("i-1", LISTED)) == [
        ("i-1", "host/app:v1", "sha256:aaaaaaaaaaaa", "1.0 GiB", "yes"),
        ("i-1", "host/old", "sha256:bbbbbbbbbbbb", "2 B", "no"),
    ]


def test_a_node_that_is_stopped_is_shown_too(monkeypatch, tmp_path):
    # A warm pool's nodes are there with their images, and do not run.
    monkeypatch.setattr(status.fleet, "DISKS", tmp_path)
    monkeypatch.setattr(status.fleet, "STATES", tmp_path / "states")
    monkeypatch.setattr(status.settings, "client", lambda _service: Nothing())
    (tmp_path / "i-1").mkdir()
    lines = list(status.report([]))
    assert lines[1:4] == ["Nodes", "INSTANCE  ADDRESS  STATE    CONTAINERD", "i-1       -        stopped  -"]


class Nothing:
    def get_paginator(self, _name):
        return self

    def paginate(self):
        return []


class Ssm:
    def __init__(self, key, pages):
        self.key, self.pages = key, pages

    def get_paginator(self, _name):
        return self

    def paginate(self):
        return [{self.key: page} for page in self.pages]


def test_associations_say_where_they_stand():
    one = {
        "AssociationId": "id",
        "AssociationName": "nodecache-main",
        "Name": "nodecache-main",
        "Targets": [{"Key": "tag:a", "Values": ["b", "c"]}],
        "Overview": {"Status": "Failed", "AssociationStatusAggregatedCount": {"Success": 2, "Failed": 1}},
    }
    assert status.associations(Ssm("Associations", [[one], [{"AssociationId": "2", "Name": "d"}]])) == [
        ("id", "nodecache-main", "nodecache-main", "tag:a=b,c", "Failed (1 Failed, 2 Success)", "-"),
        ("2", "-", "d", "-", "Pending", "-"),
    ]


def test_the_newest_commands_come_first():
    made = [
        {
            "CommandId": str(number),
            "RequestedDateTime": datetime(2026, 1, 1, 0, number, tzinfo=UTC),
            "DocumentName": "d",
            "Status": "Success",
            "StatusDetails": "NoInstancesInTag",
            "TargetCount": 2,
            "CompletedCount": 1,
        }
        for number in range(12)
    ]
    rows = status.commands(Ssm("Commands", [made[:5], made[5:]]))
    assert [row[0] for row in rows] == [str(number) for number in range(11, 1, -1)]
    assert rows[0][2:] == ("d", "Success", "NoInstancesInTag", "1/2", "0")
