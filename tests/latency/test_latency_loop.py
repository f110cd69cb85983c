#!/usr/bin/env python3
"""`transom latency --loop` against the real guest: what it says it measured is what the guest's event devices had and what the picture counts.

usage: test_latency_loop.py BUILD
"""
import csv
import html.parser
import json
import math
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
sys.path.insert(0, str(HERE.parent / "e2e"))
from rig.chain import Chain  # noqa: E402
from rig.children import Children  # noqa: E402
from rig.failure import CannotRun, StepFailed, log_tail, wait_until  # noqa: E402
from rig.pictures import card_counter  # noqa: E402
from test_capture import Recorder  # noqa: E402

LONG = bool(os.environ.get("TRANSOM_LONG"))
TRIALS = 300 if LONG else 10
INTERRUPTS = 10 if LONG else 1  # by each signal, of each sink
LIMIT_S = 600 if LONG else 120
FRAMES_S = 60 if LONG else 8
EV_KEY, KEY_RIGHTCTRL = 1, 97


class Loop:
    def __init__(self, rig, children):
        self.chain, self.guest, self.children = rig, rig.guest, children
        self.pictures = 0

    def environment(self):
        return {"HOME": self.chain.directory, "PATH": "/usr/bin:/bin"}

    def argv(self, *options):
        return [self.chain.program("host/cli/transom"), "latency", "--loop", "--region", "server:" + self.chain.region_socket, "--qmp",
                self.guest.qmp_socket, *map(str, options)]  # fmt: skip

    def run(self, *options, **more):
        return subprocess.run(self.argv(*options), capture_output=True, text=True, timeout=LIMIT_S, env={**self.environment(), **more})

    def counter(self):
        """The card's, as another program of ours wrote it to a file and as the format's description says."""
        self.pictures += 1
        path = os.path.join(self.chain.directory, f"card-{self.pictures}.png")
        command = [self.chain.program("host/cli/transom"), "view", "--region", "server:" + self.chain.region_socket, "--renderer", "headless",
                   "--frames", "1", "--screenshot", path]  # fmt: skip
        shown = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, env=self.environment())
        assert shown.returncode == 0, f"no picture: {shown.stderr}"
        counter = card_counter(path)
        assert counter is not None, "no strip"
        return counter

    def keys_up(self, recorder):
        wait_until(lambda: not recorder.held_by_kernel(), 20, "every key of the guest is up")


class StoppedAgent:
    """with StoppedAgent(loop): the guest's events reach everything but the picture."""

    def __init__(self, loop):
        self.guest = loop.guest

    def __enter__(self):
        self.guest.run("kill -STOP $(pidof transom-agent)")

    def __exit__(self, *_):
        self.guest.run("kill -CONT $(pidof transom-agent)")


def presses(keys):
    return keys.count((KEY_RIGHTCTRL, 1))


class Page(html.parser.HTMLParser):
    """{row's id: its cells}"""

    def __init__(self, text):
        super().__init__()
        self.rows, self.row, self.in_cell = {}, None, False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag == "tr" and "id" in dict(attributes):
            self.row = self.rows.setdefault(dict(attributes)["id"], [])
        self.in_cell = tag == "td" and self.row is not None
        if self.in_cell:
            self.row.append("")

    def handle_data(self, data):
        if self.in_cell:
            self.row[-1] += data

    def handle_endtag(self, tag):
        self.in_cell = False
        self.row = None if tag == "tr" else self.row


def reports_agree(report, rows, page):
    """Rows are what the figures were made of, and the page shows the same."""
    cells = Page(page).rows
    assert page.count("<svg") == 1 + len(report["sinks"]) == page.count("</svg>") and "nan" not in page, "plots"
    for sink in report["sinks"]:
        mine = [row for row in rows if row["sink"] == sink["sink"]]
        for outcome in ("measured", "lost", "disturbed"):
            assert sum(row["outcome"] == outcome for row in mine) == sink[outcome], (outcome, sink)
        measured = [row for row in mine if row["outcome"] == "measured"]
        for source, count in sink["presented_by"].items():
            assert sum(row["presented_by"] == source for row in measured) == count, (source, sink)
        for key, stage in sink["stages"].items():
            values = sorted(int(row[f"{key}_ns"]) / 1000 for row in measured if row[f"{key}_ns"])
            assert abs(stage["max_us"] - values[-1]) <= values[-1] * 0.01 + 0.1, (key, stage, values)
            exact = values[max(0, math.ceil(len(values) * 0.5) - 1)]
            assert stage["p50_us"] is None or abs(stage["p50_us"] - exact) <= exact * 0.01 + 0.1, (key, stage, values)
            shown = ["-" if stage[c] is None else f"{stage[c]:.1f}" for c in ("p50_us", "p95_us", "p99_us", "max_us")]
            assert cells[f"{sink['sink']}-{key}"][1:] == shown, (key, cells[f"{sink['sink']}-{key}"], shown)


def seen_in_a_window(loop):
    """Presented for real: under a compositor that tells when, or else as the call says."""
    if not shutil.which("Xvfb") or not shutil.which("weston"):
        print("not run: no Xvfb or no weston")
        return
    environment = start_compositor(loop)
    files = {kind: os.path.join(loop.chain.directory, f"window.{kind}") for kind in ("json", "csv", "html")}
    options = [word for kind, path in files.items() for word in (f"--{kind}", path)]
    run = loop.run("--sink", "qmp", "--trials", TRIALS, "--renderer", "vulkan", *options, **environment)
    print(run.stdout)
    assert run.returncode == 0, f"exit status {run.returncode}: {run.stderr}"
    report = json.loads(pathlib.Path(files["json"]).read_text())
    rows = list(csv.DictReader(open(files["csv"])))
    reports_agree(report, rows, pathlib.Path(files["html"]).read_text())
    (sink,) = report["sinks"]
    by = sink["presented_by"]
    assert report["presenter"] == "vulkan" and by["headless"] == 0 and by["call"] + by["feedback"] == sink["measured"] > 0, report
    assert by["feedback"] > 0 or "is refused" in run.stderr, f"{by}, and no word of why: {run.stderr}"


def start_compositor(loop):
    read_end, write_end = os.pipe()
    loop.children.start("Xvfb", ["Xvfb", "-displayfd", str(write_end), "-screen", "0", "1280x800x24", "-nolisten", "tcp"], pass_fds=[write_end])
    os.close(write_end)
    with os.fdopen(read_end) as reader:
        display = ":" + reader.readline().strip()
    environment = {**loop.environment(), "XDG_RUNTIME_DIR": loop.chain.directory, "DISPLAY": display}
    os.chmod(loop.chain.directory, 0o700)
    weston = loop.children.start("weston", ["weston", "--backend=x11-backend.so", "--socket=wayland", "--idle-time=0"], env=environment)
    wait_until(lambda: weston.require_running() or os.path.exists(os.path.join(loop.chain.directory, "wayland")), 30, "the compositor's socket",
               weston.log)  # fmt: skip
    return {"XDG_RUNTIME_DIR": loop.chain.directory, "WAYLAND_DISPLAY": "wayland", "SDL_VIDEODRIVER": "wayland", "ASAN_OPTIONS": "detect_leaks=0"}


def both_sinks_are_what_the_guest_saw(loop):
    path, rows, page = (os.path.join(loop.chain.directory, f"loop.{kind}") for kind in ("json", "csv", "html"))
    before = loop.counter()
    with Recorder(loop) as recorder:
        run = loop.run("--trials", TRIALS, "--json", path, "--csv", rows, "--html", page)
        recorder.sync()
        keys, syncs = recorder.keys(), recorder.events()
        loop.keys_up(recorder)
    counted = loop.counter() - before
    print(run.stdout)
    assert run.returncode == 0, f"exit status {run.returncode}: {run.stderr}"
    report = json.loads(pathlib.Path(path).read_text())
    assert report["schema"] == 1 and report["ends_at"] == "scanout", report
    assert [sink["sink"] for sink in report["sinks"]] == ["usb", "qmp"], report
    sent = sum(sink["trials"] for sink in report["sinks"])
    assert sent == 2 * TRIALS, report
    assert presses(keys) == sent and len(keys) == 2 * sent, f"the guest had {len(keys)} key events for {sent} presses: {keys}"
    assert {event[0] for event in syncs} <= {EV_KEY, 17}, f"nothing but keys (and LEDs): {syncs}"
    # A late agent shows a press and its release in one frame, and the unplug of the USB keyboard is no event: never more than the events.
    assert counted <= len(keys) and counted >= sent, f"the picture counted {counted} of {len(keys)} events"
    reports_agree(report, list(csv.DictReader(open(rows))), pathlib.Path(page).read_text())
    for sink in report["sinks"]:
        assert sink["measured"] + sink["lost"] + sink["disturbed"] == TRIALS and sink["measured"] > 0, sink
        stages = sink["stages"]
        assert all(stage["count"] == sink["measured"] and 0 <= stage["p50_us"] <= stage["max_us"] for stage in stages.values()), stages
        assert (stages["inject_to_present"]["p99_us"] is None) == (sink["measured"] < 100), stages
        assert stages["inject_to_present"]["max_us"] >= stages["guest_event_to_publish"]["max_us"] > 0, stages


def no_key_stays_down(loop):
    """Ended while a key is down: the agent stands still, so each press lasts for the second after which it is lost."""
    with Recorder(loop) as recorder, StoppedAgent(loop):
        for number, sink in ((number, sink) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) for sink in ("usb", "qmp")):
            for _ in range(INTERRUPTS):
                before = presses(recorder.keys())
                child = loop.children.start("loop", loop.argv("--sink", sink, "--trials", 100000))
                wait_until(lambda: child.require_running() or presses(recorder.keys()) > before, 30, f"presses by {sink}", child.log)
                assert child.stop(number) == 1, "ended by a signal is not done"
                loop.keys_up(recorder)


def what_does_not_come_back_is_lost(loop):
    path = os.path.join(loop.chain.directory, "lost.json")
    with Recorder(loop) as recorder:
        with StoppedAgent(loop):
            run = loop.run("--sink", "qmp", "--trials", 3, "--json", path)
        recorder.sync()
        keys = recorder.keys()
        loop.keys_up(recorder)
    report = json.loads(pathlib.Path(path).read_text())
    assert run.returncode == 1, f"nothing was measured, and the exit status is {run.returncode}"
    assert [(sink["sink"], sink["trials"], sink["lost"], sink["measured"]) for sink in report["sinks"]] == [("qmp", 3, 3, 0)], report
    assert presses(keys) == 3 and len(keys) == 6, keys


def check_stage(key, stage, rows):
    """A figure is there, with its bound where it is one-way, or a reason is."""
    columns = ("p50_us", "p99_us", "p999_us", "max_us")
    assert (stage["refused"] is not None) == any(stage[column] is None for column in columns), (key, stage)
    values = sorted(int(row[f"{key}_ns"]) for row in rows if row[f"{key}_ns"])
    assert stage["count"] == len(values), (key, stage, len(values))
    if stage["one_way"] and values:
        assert stage["bound_us"] > 0, (key, stage)
    for column in columns:
        if stage[column] is not None and stage["one_way"]:
            assert stage["bound_us"] <= abs(stage[column]) * 0.1 + 0.1, f"{key}: {column} is not refused: {stage}"
    if values and stage["max_us"] is not None:
        assert abs(stage["max_us"] - values[-1] / 1000) <= abs(values[-1] / 1000) * 0.01 + 0.1, (key, stage, values[-1])


def frames_of_a_real_guest(loop):
    """`transom latency` on two real clocks, while presses make the guest draw. The truth that is known: nothing is seen before it is published."""
    files = {kind: os.path.join(loop.chain.directory, f"frames.{kind}") for kind in ("json", "csv", "html")}
    options = [word for kind, path in files.items() for word in (f"--{kind}", path)]
    child = loop.children.start("frames", [loop.chain.program("host/cli/transom"), "latency", "--region", "server:" + loop.chain.region_socket,
                                           "--seconds", str(FRAMES_S), *options])  # fmt: skip
    run = loop.run("--sink", "qmp", "--trials", TRIALS)
    assert run.returncode == 0, f"exit status {run.returncode}: {run.stderr}"
    assert child.process.wait(LIMIT_S) == 0, log_tail(child.log)
    report = json.loads(pathlib.Path(files["json"]).read_text())
    rows = list(csv.DictReader(open(files["csv"])))
    assert report["frames"] == len(rows) >= TRIALS and sum(report["stamps"].values()) == len(rows), report
    assert not report["same_clock"] and report["stamps"]["same"] == 0 and report["clock_exchanges"] > 0, report
    assert report["presented_by"]["headless"] + report["missed"] == len(rows), report
    for key, stage in report["stages"].items():
        check_stage(key, stage, rows)
    known = [row for row in rows if row["publish_to_seen_ns"] and row["banded"] == "0"]
    for row in known:
        assert int(row["publish_to_seen_ns"]) >= -int(row["bound_ns"]), f"seen before it was published: {row}"
    one_way = {key: stage["refused"] or f"p50 {stage['p50_us']} +- {stage['bound_us']}" for key, stage in report["stages"].items() if stage["one_way"]}
    print(f"{len(rows)} frames, {report['clock_exchanges']} exchanges, {report['stamps']}, {len(known)} with a bound: {one_way}")


def says_what_is_missing(loop):
    without = subprocess.run([loop.chain.program("host/cli/transom"), "latency", "--loop", "--region", "server:" + loop.chain.region_socket,
                              "--sink", "qmp", "--trials", "1"], capture_output=True, text=True, timeout=LIMIT_S, env=loop.environment())  # fmt: skip
    assert without.returncode == 1 and "does not listen by QMP" in without.stderr, f"{without.returncode}: {without.stderr}"
    assert loop.run("--seconds", "3").returncode == 2, "it ends by trials"
    assert loop.run("--csv", "-", "--json", "-").returncode == 2, "two reports on one standard output"
    plain = subprocess.run([loop.chain.program("host/cli/transom"), "latency", "--trials", "5"], capture_output=True, text=True, timeout=LIMIT_S,
                           env=loop.environment())  # fmt: skip
    assert plain.returncode == 2, "trials without --loop"


TESTS = [both_sinks_are_what_the_guest_saw, seen_in_a_window, frames_of_a_real_guest, no_key_stays_down, what_does_not_come_back_is_lost, says_what_is_missing]


def run_tests(directory, build):
    children = Children(directory)
    try:
        chain = Chain(children, directory, build, {})
        chain.start_serve()
        chain.start_guest(offline=True, usb=True, agent=("run", "--source", "loop-card", "--size", "640x400"))
        chain.guest.wait_serial("guest: console ready")
        loop = Loop(chain, children)
        for test in TESTS:
            began_s = time.monotonic()
            test(loop)
            print(f"ok     {test.__name__} ({time.monotonic() - began_s:.1f} s)", flush=True)
        return 0
    except CannotRun as reason:
        print(f"cannot run here: {reason}")
        return 77
    except (StepFailed, AssertionError, OSError, subprocess.SubprocessError) as failure:
        traceback.print_exc(file=sys.stdout)
        print(f"FAILED: {failure}\n{log_tail(getattr(failure, 'log', None))}")
        return 1
    finally:
        children.stop_all()


def main():
    directory = tempfile.mkdtemp(prefix="transom-loop-")
    print(f"{TRIALS} trials a sink")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    status = run_tests(directory, sys.argv[1])
    if status == 1 or os.environ.get("TRANSOM_KEEP_LOGS"):
        print(f"logs: {directory}")
    else:
        shutil.rmtree(directory, ignore_errors=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
