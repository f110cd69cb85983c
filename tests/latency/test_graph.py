#!/usr/bin/env python3
"""The HUD's graph of a recorded run, read back from the X server's own framebuffer: bars and marks must be as high as the CSV of the same run
says, and the legend's figures those of its JSON.

usage: test_graph.py WRITE_REPORTS SHOW_GRAPH
"""

import collections
import csv
import json
import math
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
COLUMNS, COLUMN_NS = 50, 100_000_000
PLOT, STEP, MARK, MARKS_MAX = 140, 7, 2, 6  # pixels; frames
PARTS = ["seen_to_upload", "upload", "upload_to_submit", "submit_to_present"]
COLOURS = {0x7A8FA6: 0, 0x2F7ED8: 1, 0xE0A030: 2, 0x3AA66A: 3}
MISSED, SKIPPED, AXIS = 0xE5484D, 0xB07CF0, 0x96A0AA
PATIENCE_S = 60


def last_seconds(path):
    """The recording's exchanges, and those frames that a graph made at its end shows."""
    lines = (HERE / "recorded_run.txt").read_text().splitlines()
    newest = max(column_of_words(line.split()) for line in lines if line.startswith("frame"))
    kept = [line for line in lines if not line.startswith("frame") or column_of_words(line.split()) > newest - COLUMNS]
    path.write_text("\n".join(kept) + "\n")
    return newest


def column_of_words(words):
    uploaded, presented = int(words[12]), int(words[14])
    return (presented or uploaded) // COLUMN_NS


class Columns:
    """Sums of the CSV's rows."""

    def __init__(self, rows, newest):
        self.parts = [[0] * len(PARTS) for _ in range(COLUMNS)]
        self.presented, self.missed, self.skipped = [0] * COLUMNS, [0] * COLUMNS, [0] * COLUMNS
        for row in rows:
            at = int(row["presented_ns"] or row["uploaded_ns"]) // COLUMN_NS - newest + COLUMNS - 1
            self.skipped[at] += int(row["skipped"])
            if not row["presented_ns"]:
                self.missed[at] += 1
                continue
            self.presented[at] += 1
            for part, key in enumerate(PARTS):
                self.parts[at][part] += max(0, int(row[f"{key}_ns"]))

    def stack(self, at):
        """Upper ends of the parts in nanoseconds."""
        ends, sum_ns = [], 0
        for part in self.parts[at]:
            sum_ns += part / self.presented[at] if self.presented[at] else 0
            ends.append(sum_ns)
        return ends


class Screen:
    """An X server with a framebuffer in a file (XWD)."""

    def __init__(self, directory):
        read_end, write_end = os.pipe()
        self.file = pathlib.Path(directory) / "Xvfb_screen0"
        command = ["Xvfb", "-displayfd", str(write_end), "-screen", "0", "1024x600x24", "-fbdir", directory, "-nolisten", "tcp"]
        self.server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=[write_end])
        os.close(write_end)
        with os.fdopen(read_end) as reader:
            self.name = ":" + reader.readline().strip()

    def rows(self):
        data = self.file.read_bytes()
        header = struct.unpack_from(">25I", data)
        width, height, pitch, start = header[4], header[5], header[12], header[0] + header[19] * 12
        return [[p & 0xFFFFFF for p in struct.unpack_from(f"<{width}I", data, start + y * pitch)] for y in range(height)]

    def end(self):
        self.server.terminate()
        self.server.wait()


def find_axis(rows):
    """Left end and row of the plot's axis; None: it is not there."""
    for y, row in enumerate(rows):
        for x in range(len(row) - COLUMNS * STEP):
            if row[x] == AXIS:
                return (x, y) if all(p == AXIS for p in row[x : x + COLUMNS * STEP]) else None
    return None


def run_length(rows, x, y, step, colours):
    """(pixels of each colour from there on, in that order) until another colour comes."""
    counts = collections.Counter()
    while rows[y][x] in colours:
        counts[rows[y][x]] += 1
        y += step
    return counts


class Test:
    def __init__(self):
        self.faults = 0

    def expect(self, good, what):
        if not good:
            self.faults += 1
            print(f"test_graph: {what}", file=sys.stderr)

    def bars_are_the_rows(self, renderer, rows, axis, columns, full_ns):
        left, base = axis
        for at in range(COLUMNS):
            seen = run_length(rows, left + at * STEP + 2, base - 1, -1, COLOURS)
            top, drawn = 0, []
            for colour in COLOURS:  # in the order of the stack
                top += seen[colour]
                drawn.append(top)
            want = [ns * PLOT / full_ns for ns in columns.stack(at)]
            good = all(abs(pixels - exact) <= 0.5 + 1e-6 for pixels, exact in zip(drawn, want))
            self.expect(good, f"{renderer}, column {at}: {drawn} pixels, not {[round(w, 2) for w in want]}")

    def marks_are_the_rows(self, renderer, rows, axis, columns):
        left, base = axis
        for at in range(COLUMNS):
            seen = run_length(rows, left + at * STEP + 2, base + 1, 1, {MISSED, SKIPPED})
            want = [min(n[at], MARKS_MAX) * MARK for n in (columns.missed, columns.skipped)]
            self.expect([seen[MISSED], seen[SKIPPED]] == want, f"{renderer}, column {at}: marks {dict(seen)}, not {want}")

    def legend_is_the_json(self, report, rows, legend):
        for part, (name, key) in enumerate(zip(["until copied from", "copy", "until submitted", "display"], PARTS)):
            for shown, column in zip(legend[name], ("p50_us", "p99_us")):
                truth = report["stages"][key][column] / 1000
                self.expect(abs(float(shown) - truth) <= truth * 0.01 + 0.006, f"legend of {name}: {shown}, JSON {truth}")
        whole = sorted(int(row["presented_ns"]) - int(row["seen_ns"]) for row in rows if row["presented_ns"])
        for shown, percent in zip(legend["seen to drawn"], (50, 99)):
            truth = whole[math.ceil(len(whole) * percent / 100) - 1] / 1e6
            self.expect(abs(float(shown) - truth) <= 0.0051, f"legend of the whole: {shown}, not {truth}")
        counts = [int(count) for count in legend["missed, of all taken"] + legend["skipped"]]
        self.expect(counts == [report["missed"], report["frames"], report["skipped"]], f"legend counts {counts}")


def read_legend(child):
    """Scale in nanoseconds, {name: [figures]}; what the graph was given, once it is drawn."""
    lines = []
    while not lines or lines[-1] != "shown":
        line = child.stdout.readline()
        if not line:
            return None
        lines.append(line.rstrip("\n"))
    names, figures = lines[1:9], [line.replace("\u2007", " ").split() for line in lines[9:17]]
    return float(lines[0].split()[0]) * 1e6, dict(zip(names, figures))


def read_window(screen):
    """Drawn is not yet seen: until the axis is there with something above it, and two looks are the same."""
    before = None
    for _ in range(PATIENCE_S * 10):
        rows = screen.rows()
        axis = find_axis(rows)
        if axis and rows == before:
            return rows, axis
        before = rows
        time.sleep(0.1)
    return None, None


def look(test, renderer, show, screen, recording, report, rows, columns):
    environment = {"DISPLAY": screen.name, "HOME": str(recording.parent), "PATH": "/usr/bin:/bin", "SDL_VIDEODRIVER": "x11", "ASAN_OPTIONS": "detect_leaks=0"}
    if renderer == "sdl":
        environment["SDL_RENDER_DRIVER"] = "software"
    child = subprocess.Popen([show, recording, renderer], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    words = read_legend(child)
    if words:
        pixels, axis = read_window(screen)
        test.expect(axis, f"{renderer}: no graph in the window")
        if axis:
            test.bars_are_the_rows(renderer, pixels, axis, columns, words[0])
            test.marks_are_the_rows(renderer, pixels, axis, columns)
        test.legend_is_the_json(report, rows, words[1])
    child.stdin.close()
    status = child.wait(PATIENCE_S)
    test.expect(words or status == 77, f"{renderer}: nothing was shown, exit status {status}")
    test.expect(status in (0, 77), f"{renderer}: exit status {status}")
    return status != 77


def main():
    if not shutil.which("Xvfb"):
        print("test_graph: there is no Xvfb here")
        sys.exit(77)
    test = Test()
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        newest = last_seconds(directory / "run")
        subprocess.run([sys.argv[1], directory / "run", directory], check=True)
        report, rows = json.loads((directory / "run.json").read_text()), list(csv.DictReader((directory / "run.csv").open()))
        columns = Columns(rows, newest)
        test.expect(sum(columns.missed) and sum(columns.skipped) and min(columns.presented) > 0, "the recording has of everything")
        screen = Screen(name)
        try:
            shown = [r for r in ("sdl", "vulkan") if look(test, r, sys.argv[2], screen, directory / "run", report, rows, columns)]
        finally:
            screen.end()
    print(f"{len(rows)} frames, {COLUMNS} columns by {' and '.join(shown)}: {test.faults} faults")
    sys.exit(1 if test.faults else 0 if shown else 77)


main()
