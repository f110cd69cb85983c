#!/usr/bin/env python3
"""One recorded run, four reports: each is read back here and compared with the others and with figures of our own, made of the recorded
stamps by exact quantiles and by the clock that made_run.py gave the guest.

usage: test_reports.py WRITE_REPORTS
"""

import csv
import html.parser
import json
import math
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
OFFSET, RATE = 7_000_000_000, 40e-6  # of make_run.py
GUEST = ["acquired", "copy_started", "copy_done", "complete"]
HOST = ["seen", "upload_started", "uploaded", "submitted", "presented"]
QUANTILES = {"p50_us": 500, "p99_us": 990, "p999_us": 999, "max_us": 1000}
SPANS = {
    "acquired_to_copy": ("acquired", "copy_started"),
    "guest_copy": ("copy_started", "copy_done"),
    "copy_to_publish": ("copy_done", "complete"),
    "publish_to_seen": ("complete", "seen"),
    "seen_to_upload": ("seen", "upload_started"),
    "upload": ("upload_started", "uploaded"),
    "upload_to_submit": ("uploaded", "submitted"),
    "submit_to_present": ("submitted", "presented"),
    "publish_to_presented": ("complete", "presented"),
    "acquired_to_presented": ("acquired", "presented"),
}
ONE_WAY = {"publish_to_seen", "publish_to_presented", "acquired_to_presented"}


def read_run():
    frames = []
    for line in (HERE / "recorded_run.txt").read_text().splitlines():
        words = line.split()
        if words[0] != "frame":
            continue
        numbers = list(map(int, words[1:]))
        frames.append(
            dict(zip(["sequence", "skipped", "first", "banded", "source"], numbers), stamps=dict(zip(GUEST + HOST, numbers[5:])))
        )
    return frames


def host_time(guest_ns):
    return (guest_ns - OFFSET) / (1 + RATE)


class Table(html.parser.HTMLParser):
    """The rows of the page's table, by their id."""

    def __init__(self):
        super().__init__()
        self.rows, self.row, self.in_cell, self.scripts = {}, None, False, 0

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.scripts += tag in ("script", "link", "img") or any(name in ("src", "href") for name in attributes)
        if tag == "tr" and "id" in attributes:
            self.row = self.rows.setdefault(attributes["id"], [])
        elif tag == "td" and self.row is not None:
            self.in_cell = True
            self.row.append("")

    def handle_endtag(self, tag):
        self.in_cell = self.in_cell and tag != "td"
        self.row = None if tag == "tr" else self.row

    def handle_data(self, data):
        if self.in_cell:
            self.row[-1] += data


def exact(values, per_mille):
    values = sorted(values)
    return values[max(1, math.ceil(len(values) * per_mille / 1000)) - 1]


def shown(value):
    return "refused" if value is None else f"{value:.1f}"


class Test:
    def __init__(self, directory):
        self.faults = 0
        self.json = json.loads((directory / "run.json").read_text())
        self.rows = list(csv.DictReader((directory / "run.csv").open()))
        self.text = (directory / "run.txt").read_text()
        self.page = (directory / "run.html").read_text()
        self.table = Table()
        self.table.feed(self.page)

    def expect(self, good, what):
        if not good:
            self.faults += 1
            print(f"test_reports: {what}", file=sys.stderr)

    def csv_is_the_run(self, frames):
        self.expect(len(self.rows) == len(frames), f"{len(self.rows)} rows for {len(frames)} frames")
        for row, frame in zip(self.rows, frames):
            stamps = {name: int(row[f"{name}_guest_ns" if name in GUEST else f"{name}_ns"] or 0) for name in GUEST + HOST}
            same = all(int(row[key]) == frame[key] for key in ("sequence", "skipped", "first", "banded"))
            self.expect(same and stamps == frame["stamps"], f"row of frame {frame['sequence']} differs from the run")

    def bounds_hold(self, frames):
        """Each converted stage against the clock that the run was made with."""
        for row, frame in zip(self.rows, frames):
            truth = frame["stamps"]["presented"] - host_time(frame["stamps"]["complete"])
            if row["publish_to_presented_ns"]:
                error = abs(int(row["publish_to_presented_ns"]) - truth)
                self.expect(error <= int(row["bound_ns"]) + 1, f"frame {frame['sequence']}: off by {error} ns, bound {row['bound_ns']}")

    def json_is_the_csv(self):
        for key in SPANS:
            stage = self.json["stages"][key]
            values = [int(row[f"{key}_ns"]) for row in self.rows if row[f"{key}_ns"]]
            self.expect(stage["count"] == len(values) > 0, f"{key}: {stage['count']} values, {len(values)} rows")
            self.expect(stage["overlaps"] == sum(v < 0 for v in values), f"{key}: {stage['overlaps']} overlaps")
            for column, per_mille in QUANTILES.items():
                truth = exact(values, per_mille) / 1000
                if stage[column] is None:
                    self.expect(stage["bound_us"] > abs(truth) * 0.099, f"{key}: {column} refused without need")
                else:
                    self.expect(abs(stage[column] - truth) <= abs(truth) * 0.01 + 0.11, f"{key}: {column} {stage[column]}, not {truth}")
                    self.expect(key not in ONE_WAY or stage["bound_us"] <= abs(stage[column]) * 0.1 + 0.1, f"{key}: {column} not refused")
            self.expect((stage["refused"] is not None) == (None in [stage[c] for c in QUANTILES]), f"{key}: reason and figures differ")

    def stages_are_the_run(self, frames):
        """Spans of one clock need no conversion: recomputed from the recording alone."""
        for key, (start, end) in SPANS.items():
            if key in ONE_WAY:
                continue
            mine = [f["stamps"][end] - f["stamps"][start] for f in frames if f["stamps"][start] and f["stamps"][end]]
            theirs = [int(row[f"{key}_ns"]) for row in self.rows if row[f"{key}_ns"]]
            self.expect(mine == theirs, f"{key}: rows differ from the recording")

    def counts_are_the_run(self, frames):
        self.expect(self.json["frames"] == len(frames), "frames")
        self.expect(self.json["skipped"] == sum(f["skipped"] for f in frames), "skipped")
        self.expect(self.json["missed"] == sum(f["source"] == 0 for f in frames) > 0, "missed")
        self.expect(sum(self.json["stamps"].values()) == len(frames), "stamps")
        self.expect(self.json["stamps"]["converted"] > len(frames) * 0.9, "most stamps can be converted")
        self.expect(self.json["stages"]["publish_to_seen"]["overlaps"] > 0, "banded frames overlap")
        self.expect(self.json["stages"]["publish_to_seen"]["p999_us"] is not None, "a long way is not refused")

    def sources_are_the_run(self, frames):
        """Who told that a frame was presented: the same in every report."""
        names = ["none", "headless", "call", "feedback"]
        counts = {name: sum(f["source"] == number for f in frames) for number, name in enumerate(names)}
        self.expect(counts["call"] > 0 < counts["feedback"], "the recording has both")
        self.expect(self.json["presented_by"] == counts, f"JSON: {self.json['presented_by']}, not {counts}")
        self.expect([row["presented_by"] for row in self.rows] == [names[f["source"]] for f in frames], "rows name another source")
        self.expect(self.json["feedback"] == {"source": "wp_presentation", "state": "believed", "reason": None}, f"{self.json['feedback']}")
        said = f"call ({counts['call']}) feedback ({counts['feedback']}); wp_presentation is believed"
        self.expect(f"presented, as told by: {said}\n" in self.text, f"text without {said}")
        self.expect(said in self.page, f"page without {said}")

    def text_and_page_are_the_json(self):
        for key in SPANS:
            stage = self.json["stages"][key]
            want = [shown(stage[column]) for column in QUANTILES]
            line = re.search(rf"^  {key} .*$", self.text, re.M).group().split()
            self.expect(line[1:5] == want, f"text of {key}: {line[1:5]}, not {want}")
            cells = self.table.rows[key]
            self.expect(cells[1:5] == want, f"page of {key}: {cells[1:5]}, not {want}")
            bound = f"± {stage['bound_us']:.1f}" if stage["bound_us"] is not None else ""
            self.expect(cells[5:] == [bound, str(stage["overlaps"]), str(stage["count"])], f"page of {key}: {cells[5:]}")
            if bound:
                self.expect(line[5:7] == ["+-", f"{stage['bound_us']:.1f}"], f"text of {key}: bound {line[5:7]}")

    def headline_is_the_table(self):
        """The figures in large letters are those of one row, in milliseconds."""
        line = re.search(r'<p class="headline">(.*?)</p>', self.page).group(1)
        stage = self.json["stages"]["publish_to_presented"]
        want = [f"{stage[column] / 1000:.2f}" for column in ("p50_us", "p99_us")]
        self.expect(re.findall(r"<b>([\d.]+) ms</b>", line) == want, f"headline {line}, not {want}")
        self.expect(f"&plusmn; {stage['bound_us'] / 1000:.2f} ms" in line, f"headline {line} without its bound")

    def page_stands_alone(self):
        self.expect(self.table.scripts == 0, "the page refers to something outside")
        self.expect(self.page.count("<svg") == 3 == self.page.count("</svg>"), "three plots")
        self.expect("a<b>" not in self.page and self.json["domain"] == 'a<b>&"c', "the domain's name is escaped")
        self.expect("nan" not in self.page and "inf" not in self.page.replace("info", ""), "a number is none")


def main():
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run([sys.argv[1], HERE / "recorded_run.txt", directory], check=True)
        test = Test(pathlib.Path(directory))
    frames = read_run()
    test.csv_is_the_run(frames)
    test.bounds_hold(frames)
    test.json_is_the_csv()
    test.stages_are_the_run(frames)
    test.counts_are_the_run(frames)
    test.sources_are_the_run(frames)
    test.text_and_page_are_the_json()
    test.headline_is_the_table()
    test.page_stands_alone()
    print(f"{len(frames)} frames, {len(SPANS)} stages, 4 reports: {test.faults} faults")
    sys.exit(test.faults > 0)


main()
