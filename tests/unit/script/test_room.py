# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The room that the node script leaves on the disk, and a pull that would take it."""

from __future__ import annotations

import fcntl
import threading

from script_support import APP, HOST, A, B, Case, nodecache


class Room(Case):
    def test_a_pull_without_room_is_refused_in_numbers(self):
        self.runtime.remote[APP + ":v1"] = A
        mib = 1 << 20
        cases = [
            ({}, (200 * mib, 1000 * mib), 20 * mib, "20 MiB and about 50 unpacked would leave 130 of 200 MiB free"),
            ({}, (240 * mib, 1000 * mib), 20 * mib, None),
            ({"imageGCHighThresholdPercent": 90}, (200 * mib, 1000 * mib), 20 * mib, None),
            ({"imageGCHighThresholdPercent": 50}, (540 * mib, 1000 * mib), 20 * mib, "500 of the kubelet's imageGC"),
            ({"evictionHard": {"nodefs.available": "45%"}}, (500 * mib, 1000 * mib), 20 * mib, "nodefs.available"),
            ({"evictionHard": {"imagefs.available": "450Mi"}}, (500 * mib, 1000 * mib), 20 * mib, "imagefs.available"),
        ]
        for config, space, size, said in cases:
            with self.subTest(config=config):
                self.kubelet = {"evictionHard": {"nodefs.available": "10%"}, **config}
                self.runtime.space, self.sizes[A] = (*space, True), size
                report = self.run_script([APP + ":v1@" + A])
                self.assertEqual(report["ok"], said is None, report)
                if said:
                    self.assertIn(said, report["images"][0]["error"])
                    self.assertEqual(self.runtime.pulled, [])
                self.runtime.names.clear()
                self.runtime.pulled.clear()

    def test_an_install_by_the_name_of_the_lock_on_room_does_not_wait_for_itself(self):
        self.replace("RUN_SECONDS", 1)
        self.runtime.remote[APP + ":v1"] = A
        self.assertTrue(self.run_script([APP + ":v1"], name="room")["ok"])

    def test_the_kubelets_own_disk_is_spared_only_where_it_is_the_same(self):
        self.runtime.remote[APP + ":v1"] = A
        self.kubelet = {"evictionHard": {"nodefs.available": "95%"}}
        self.assertFalse(self.run_script([APP + ":v1@" + A])["ok"])
        self.runtime.space = (*self.runtime.space[:2], False)
        self.assertTrue(self.run_script([APP + ":v1@" + A])["ok"])

    def test_layers_that_the_repository_has_already_take_no_room(self):
        self.runtime.space, self.sizes[A] = (200 << 20, 1000 << 20, True), 20 << 20
        self.runtime.remote[APP + ":v2"] = A
        for name, fits in ((HOST + "/other:v1", False), (APP + ":v1", True)):
            self.runtime.hold(name, B)
            self.runtime.unpacked = {B}
            self.assertEqual(self.run_script([APP + ":v2@" + A])["ok"], fits)

    def test_pulls_at_once_do_not_share_the_same_room(self):
        self.runtime.space = (400 << 20, 1000 << 20, True)
        refs = [f"{HOST}/app{number}:v1@{digest}" for number, digest in enumerate((A, B))]
        self.runtime.remote.update({ref.partition("@")[0]: ref.partition("@")[2] for ref in refs})
        self.sizes.update({A: 50 << 20, B: 50 << 20})
        waiting, pull = threading.Event(), self.runtime.pull

        def slow(*arguments):
            waiting.wait(0.5)
            pull(*arguments)

        self.replace("pull", slow, self.runtime)
        report = self.run_script(refs)
        self.assertEqual(sorted(entry["cached"] for entry in report["images"]), [False, True])

    def test_runs_at_once_do_not_share_the_same_room(self):
        self.runtime.space = (400 << 20, 1000 << 20, True)
        self.runtime.remote[APP + ":v1"], self.sizes[A] = A, 50 << 20
        locks = self.path / "locks"
        locks.mkdir()
        other = (locks / "other.lock").open("w")
        self.addCleanup(other.close)
        other.write(str(175 << 20))
        other.flush()
        fcntl.flock(other, fcntl.LOCK_EX)
        report = self.run_script([APP + ":v1@" + A])
        self.assertIn("would leave 50 of 400 MiB free", report["images"][0]["error"])
        # Its run ended, in whatever way.
        fcntl.flock(other, fcntl.LOCK_UN)
        self.assertTrue(self.run_script([APP + ":v1@" + A])["ok"])

    def test_thresholds(self):
        for value, wanted in (("10%", 100), ("1Ki", 1024), ("2k", 2000), ("1.5Gi", 1.5 * 2**30), ("7", 7)):
            self.assertEqual(nodecache.size_of(value, 1000), wanted)
