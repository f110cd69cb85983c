#!/usr/bin/env python3
"""The benchmark suite in its smallest form: what it measures is there, counted and in order. No time is asserted.

usage: test_suite.py BUILD SECTION,...
"""
import itertools
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))
from suite import rows as suite_rows  # noqa: E402

BUILD, SECTIONS = None, []
LIMIT_S = 600
UNITS = {"us", "ms", "percent", "per_second", "times", "mib", "", "text"}
QUANTILES = ("p50", "p99", "p999", "max")
WAYS = ["doorbell", "doorbell_60", "polling_60", "polling_144", "polling_jitter", "spin_60", "product", "product_file"]
CONSUMED = [f"consumed_{size}{part}" for size in ("1080p", "4k") for part in ("", "_bands", "_memcpy", "_ratio", "_bands_ratio")]
KEYS = {
    "transport": {*WAYS, *CONSUMED, "polling_60_cpu"},
    "matrix": {"1080p_60_1", "1440p_144_10", "4K_240_100"},
    "idle": {"viewer_headless", "agent_watched", "serve", "viewer_file", "agent_alone"},
    "recovery": {"agent_start", "viewer_start", "viewer_killed", "agent_killed", "agent_killed_frame", "serve_killed"},
    "clocks": {"bound", "withheld", "exchanges", "steps"},
    "memory": {f"{name}, {state}" for name in ("transom-serve", "transom-agent", "transom view, headless") for state in ("still", "running")},
    "input": {"usb-redir", "qmp", "mouse_lost"},
    "guest": {"publish_to_seen", "guest_copy", "loop_usb_inject_to_present", "loop_qmp_inject_to_present"},
}
CANNOT_RUN_HERE = {"input", "guest"}  # without QEMU and the guest's kernel


def run(*words):
    return subprocess.run([HERE / "run", "--build", BUILD, "--smallest", *map(str, words)], capture_output=True, text=True, timeout=LIMIT_S, check=False)


class Rows(unittest.TestCase):
    """What turns samples into rows."""

    def test_quantiles_are_those_of_the_samples(self):
        parts = suite_rows.quantiles_of(range(1, 1001))
        self.assertEqual(parts, {"count": 1000, "p50": 501, "p99": 991, "p999": 1000, "max": 1000})
        self.assertEqual(suite_rows.quantiles_of([7]), {"count": 1, "p50": 7, "p99": None, "p999": None, "max": 7})

    def test_a_target_is_met_or_missed_or_unknown(self):
        row = suite_rows.timing("k", "w", "us", {"p50": 60, "p99": None}, p50=60, p99=250)
        self.assertEqual(row["verdicts"], {"p50": "met", "p99": None})
        self.assertEqual(suite_rows.figure("k", "w", "us", 61, 60)["verdicts"], {"value": "missed"})
        self.assertNotIn("verdicts", suite_rows.figure("k", "w", "us", 61))

    def test_numbers_keep_their_digits(self):
        self.assertEqual([suite_rows.number(v) for v in (None, 0.04, 12.34, 33177.6, 7, 0)], ["–", "0.04", "12.3", "33178", "7", "0"])
        self.assertEqual(suite_rows.with_unit(0.987, "times"), "0.99 ×")
        self.assertEqual(suite_rows.with_unit(3, ""), "3")


class Documents(unittest.TestCase):
    def test_the_document_is_the_run(self):
        told = subprocess.run([HERE / "run", "--render", ROOT / "docs/benchmarks.json"], capture_output=True, text=True, check=True)
        self.assertEqual(told.stdout, (ROOT / "docs/benchmarks.md").read_text(), "docs/benchmarks.md: made by tests/bench/run, not by hand")


class Run(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.directory.name) / "run.json"
        cls.result = run("--only", ",".join(SECTIONS), "--json", cls.path)
        print(cls.result.stdout)
        if cls.result.returncode != 0:
            raise AssertionError(f"exit status {cls.result.returncode}: {cls.result.stderr}")
        cls.facts = json.loads(cls.path.read_text())

    @classmethod
    def tearDownClass(cls):
        cls.directory.cleanup()

    def only_with(self, section):
        if section not in SECTIONS:
            self.skipTest(f"{section} was not asked for")

    def rows(self, section):
        return list(itertools.chain(*self.facts["sections"][section]["steps"].values()))

    def measured(self):
        return {name: rows for name in SECTIONS if (rows := self.rows(name)) or name not in CANNOT_RUN_HERE}

    def all_rows(self):
        return itertools.chain(*self.measured().values())

    def test_head(self):
        self.assertEqual((self.facts["schema"], self.facts["effort"]), (2, "smallest"))
        self.assertGreater(self.facts["machine"]["cpus"], 0)
        self.assertTrue(self.facts["commit"] and "--smallest" in self.facts["command"])
        self.assertEqual(list(self.facts["sections"]), SECTIONS)

    def test_every_row_is_there_once(self):
        for name, rows in self.measured().items():
            keys = [row["key"] for row in rows]
            self.assertEqual(len(keys), len(set(keys)), name)
            self.assertEqual(KEYS[name] - set(keys), set(), name)

    def test_units_and_verdicts(self):
        for row in self.all_rows():
            self.assertIn(row["unit"], UNITS, row)
            for figure, target in row.get("targets", {}).items():
                expected = None if row[figure] is None else "met" if row[figure] <= target else "missed"
                self.assertEqual(row["verdicts"][figure], expected, row)

    def quantile_rows(self):
        for row in self.all_rows():
            yield from ([row] if "p50" in row else [row[stage] for stage in ("seen", "consumed", "submitted") if row.get(stage)])

    def test_quantiles_are_counted_and_in_order(self):
        for parts in self.quantile_rows():
            self.assertGreater(parts["count"], 0, parts)
            values = [parts[name] for name in QUANTILES if parts[name] is not None]
            self.assertEqual(values, sorted(values), parts)
            self.assertGreaterEqual(parts["count"], 1000 if parts["p999"] is not None else 100 if parts["p99"] is not None else 1, parts)

    def test_transport_counts(self):
        self.only_with("transport")
        rows = {row["key"]: row for row in self.rows("transport")}
        self.assertGreaterEqual(rows["doorbell"]["count"], 100)
        self.assertGreaterEqual(min(rows[key]["count"] for key in WAYS[:6]), 30)
        self.assertGreater(rows["polling_60"]["looks_per_second"], 60)  # more than a look a frame, and far from a spin
        self.assertLess(rows["polling_60"]["looks_per_second"], 20000)
        self.assertEqual(rows["doorbell"]["looks_per_second"], 0)

    def test_matrix_stages_follow_each_other(self):
        self.only_with("matrix")
        for row in self.rows("matrix"):
            self.assertLessEqual(row["seen"]["p50"], row["consumed"]["p50"], row)
            self.assertLessEqual(row["consumed"]["p50"], row["submitted"]["p50"], row)
            self.assertEqual(row["held"], row["published_hz"] >= 0.98 * row["rate_hz"], row)
            self.assertGreater(row["published_hz"], 0)

    def test_the_text_has_every_row(self):
        for name, rows in self.measured().items():
            self.assertIn(self.facts["sections"][name]["title"], self.result.stdout)
            for row in rows:
                self.assertIn(row["what"] if name != "matrix" else f"{row['width']}x{row['height']}", self.result.stdout)

    def test_what_was_done_is_not_done_again(self):
        before = self.path.read_text()
        again = run("--only", ",".join(SECTIONS), "--json", self.path, "--resume")
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertNotIn("[1/", again.stderr)
        self.assertEqual(self.path.read_text(), before)

    def test_progress_says_which_of_how_many(self):
        count = sum(len(section["steps"]) for section in self.facts["sections"].values())
        self.assertIn(f"[{count}/{count}] ", self.result.stderr)

    def test_an_unknown_section_is_refused(self):
        wrong = run("--only", "weather")
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("weather: no such section; there are transport", wrong.stderr)


if __name__ == "__main__":
    BUILD, SECTIONS = pathlib.Path(sys.argv[1]), sys.argv[2].split(",")
    unittest.main(argv=sys.argv[:1])
