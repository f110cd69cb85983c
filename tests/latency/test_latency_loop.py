#!/usr/bin/env python3
"""`transom latency --loop` against the real guest: what it says it measured is what the guest's event devices had and what the picture counts.

usage: test_latency_loop.py BUILD
"""
import json
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

    def run(self, *options):
        return subprocess.run(self.argv(*options), capture_output=True, text=True, timeout=LIMIT_S, env=self.environment())

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


def both_sinks_are_what_the_guest_saw(loop):
    path = os.path.join(loop.chain.directory, "loop.json")
    before = loop.counter()
    with Recorder(loop) as recorder:
        run = loop.run("--trials", TRIALS, "--json", path)
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


def says_what_is_missing(loop):
    without = subprocess.run([loop.chain.program("host/cli/transom"), "latency", "--loop", "--region", "server:" + loop.chain.region_socket,
                              "--sink", "qmp", "--trials", "1"], capture_output=True, text=True, timeout=LIMIT_S, env=loop.environment())  # fmt: skip
    assert without.returncode == 1 and "does not listen by QMP" in without.stderr, f"{without.returncode}: {without.stderr}"
    assert loop.run("--csv", "x.csv").returncode == 2, "a report that this test does not make"
    plain = subprocess.run([loop.chain.program("host/cli/transom"), "latency", "--trials", "5"], capture_output=True, text=True, timeout=LIMIT_S,
                           env=loop.environment())  # fmt: skip
    assert plain.returncode == 2, "trials without --loop"


TESTS = [both_sinks_are_what_the_guest_saw, no_key_stays_down, what_does_not_come_back_is_lost, says_what_is_missing]


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
