"""Capture and release: XTest into the viewer's window on one end, the guest's own event devices on the other."""
import os
import random
import signal
import time

from rig.failure import StepFailed, wait_until
from test_cursor import hide_cursor, show_cursor

PATIENCE_S = 20
TAPS_MAX, TAP_PATIENCE_S = 5, 4
TOGGLE = "105"  # Right Ctrl by its keycode: with its name xdotool presses Left Ctrl first
EV_KEY, EV_REL, EV_ABS = 1, 2, 3
REL_X, REL_Y, ABS_X = 0, 1, 0
KEY_A, KEY_W, KEY_RIGHTCTRL, KEY_LEFTCTRL, KEY_LEFTALT, KEY_F1 = 30, 17, 97, 29, 56, 59
DEATHS = 20 if os.environ.get("TRANSOM_LONG") else 4  # for each sink and signal; the guest is booted once for all
SEED = int(os.environ.get("TRANSOM_SEED", "1"))


class Recorder:
    """The guest's record_input (its head says what it says), from `with` until its end."""

    def __init__(self, rig):
        self.guest = rig.guest
        self.syncs = 0

    def __enter__(self):
        self.guest.run("rm -f /tmp/ask /tmp/said; mkfifo /tmp/ask; record_input </tmp/ask >/tmp/said 2>&1 & exec 3>/tmp/ask; sleep 1000000 >&3 & "
                       "echo $! >/tmp/ask-keeper")
        self.sync()
        return self

    def __exit__(self, *_):
        self.guest.run("echo quit >/tmp/ask; kill $(cat /tmp/ask-keeper)")

    def said(self):
        return self.guest.run("cat /tmp/said").splitlines()

    def sync(self):
        """Everything that reached the guest until now has been said."""
        self.syncs += 1
        word = f"sync {self.syncs}"
        self.guest.run(f"echo '{word}' >/tmp/ask")
        wait_until(lambda: word in self.said(), PATIENCE_S, "the guest's recorder answers")

    def events(self):
        """(type, code, value) of all devices, in their order."""
        numbers = [line.split() for line in self.said()]
        return [tuple(int(word) for word in words[1:]) for words in numbers if len(words) == 4 and all(w.lstrip("-").isdigit() for w in words)]

    def keys(self):
        return [event[1:] for event in self.events() if event[0] == EV_KEY]

    def motion(self):
        return tuple(sum(event[2] for event in self.events() if event[:2] == (EV_REL, axis)) for axis in (REL_X, REL_Y))

    def wait_keys(self, *wanted):
        try:
            wait_until(lambda: self.keys()[-len(wanted) :] == list(wanted), PATIENCE_S, f"the guest sees {wanted} last")
        except StepFailed as failure:
            raise StepFailed(f"{failure}; it saw {self.keys()}") from failure

    def held(self):
        """Keys that are down. An unplug ends what was down on that device: the kernel releases it for everybody who still listens, and a
        reader of the device itself may be too late to hear of it."""
        down = set()
        for words in (line.split() for line in self.said()):
            if words[0] == "gone":
                down = {(device, code) for device, code in down if device != words[1]}
            elif len(words) == 4 and words[1] == str(EV_KEY):
                (down.discard if words[3] == "0" else down.add)((words[0], int(words[2])))
        return {code for _, code in down}

    def held_by_kernel(self):
        """The same as the kernel's bitmaps have it, of the devices that are there."""
        before = self.said().count("held")
        self.guest.run("echo held >/tmp/ask")
        wait_until(lambda: self.said().count("held") > before, PATIENCE_S, "the guest's recorder answers")
        lines = self.said()
        answer = lines[: len(lines) - lines[::-1].index("held") - 1]
        found = []
        while answer and answer[-1].startswith("held "):
            found.append(answer.pop())
        return found


def wait_capture(rig, state, sink=None):
    def reached():
        stats = rig.chain.stats()
        return stats.get("capture") == state and sink in (None, stats.get("sink"))

    wait_until(reached, PATIENCE_S, f"the viewer says {state}", rig.chain.viewer.log)


def ready(rig, sink):
    """The viewer has the focus and the guest hears it by this sink."""
    rig.display.focus(rig.window)
    wait_until(lambda: rig.chain.stats().get("sink") == sink, PATIENCE_S, f"keys go by {sink}", rig.chain.viewer.log)


def tap(rig, state):
    """A press that takes longer than 400 ms is no tap, as a machine under load may have it: then once more."""
    for _ in range(TAPS_MAX - 1):
        rig.display.do("key", TOGGLE)
        try:
            return wait_until(lambda: rig.chain.stats().get("capture") == state, TAP_PATIENCE_S, f"the viewer says {state}")
        except StepFailed:
            assert rig.chain.stats().get("capture") in ("captured", "released"), "a tap that does something does all of it"
    rig.display.do("key", TOGGLE)
    return wait_capture(rig, state)


def capture(rig):
    tap(rig, "captured")


def release(rig):
    tap(rig, "released")


def hint_box(rig):
    """The pixels where hints are drawn."""
    picture = rig.display.read_window(rig.window)
    rows = [picture.pixels[y * picture.width * 3 : (y + 1) * picture.width * 3] for y in range(14, 40)]
    return b"".join(row[picture.width * 3 // 2 - 300 : picture.width * 3 // 2 + 300] for row in rows)


def toggle_captures_and_is_seen_by_nobody(rig):
    ready(rig, "usb")
    before = hint_box(rig)
    with Recorder(rig) as recorder:
        capture(rig)
        wait_until(lambda: hint_box(rig) != before, PATIENCE_S, "a hint on the screen", rig.chain.viewer.log)
        rig.display.do("key", "a")
        recorder.wait_keys((KEY_A, 1), (KEY_A, 0))
        release(rig)
        rig.display.do("key", "w")
        recorder.wait_keys((KEY_W, 1), (KEY_W, 0))
        recorder.sync()
        assert KEY_RIGHTCTRL not in [code for code, _ in recorder.keys()], recorder.keys()
    rig.display.do("key", "BackSpace", "BackSpace")
    wait_until(lambda: hint_box(rig) == before, PATIENCE_S, "the hint goes by itself", rig.chain.viewer.log)


def captured_motion_is_relative_and_whole(rig):
    ready(rig, "usb")
    capture(rig)
    with Recorder(rig) as recorder:
        for step in range(40):
            rig.display.do("mousemove_relative", "--", "37", "-23" if step % 2 else "5")
        wait_until(lambda: recorder.motion() == (40 * 37, 20 * 5 - 20 * 23), PATIENCE_S, "the guest sees every count")
        assert not [event for event in recorder.events() if event[0] == EV_ABS]
    release(rig)


def seamless_motion_is_absolute(rig):
    ready(rig, "usb")
    with Recorder(rig) as recorder:
        rig.display.do("mousemove", "--window", rig.window, "640", "400")
        wait_until(lambda: any(abs(event[2] - 16383) < 60 for event in recorder.events() if event[:2] == (EV_ABS, ABS_X)), PATIENCE_S,
                   "the guest's pointer in the middle")
        assert recorder.motion() == (0, 0)


def chords_and_commands(rig):
    ready(rig, "usb")
    with Recorder(rig) as recorder:
        rig.display.do("keydown", TOGGLE, "key", "F1", "keyup", TOGGLE)  # the terminal that is shown already
        recorder.wait_keys((KEY_LEFTCTRL, 1), (KEY_LEFTALT, 1), (KEY_F1, 1), (KEY_F1, 0), (KEY_LEFTALT, 0), (KEY_LEFTCTRL, 0))
        rig.display.do("keydown", TOGGLE, "keydown", "w", "keyup", "w", "keyup", TOGGLE)
        recorder.wait_keys((KEY_RIGHTCTRL, 1), (KEY_W, 1), (KEY_W, 0), (KEY_RIGHTCTRL, 0))


def focus_loss_releases(rig):
    ready(rig, "usb")
    other = rig.children.start("xlogo", ["xlogo", "-geometry", "100x100+1900+1050"], env=rig.display.environment)
    other_window = rig.display.wait_for_window(other, "xlogo")
    with Recorder(rig) as recorder:
        capture(rig)
        rig.display.do("keydown", "w")
        recorder.wait_keys((KEY_W, 1))
        rig.display.do("windowfocus", other_window)
        wait_capture(rig, "released")
        recorder.wait_keys((KEY_W, 1), (KEY_W, 0))
        rig.display.do("keyup", "w")
    other.stop()


def capture_waits_for_keys(rig):
    ready(rig, "usb")
    for _ in range(TAPS_MAX):
        rig.display.do("keydown", "w")
        tap(rig, "waiting")
        rig.display.do("keyup", "w")
        wait_until(lambda: rig.chain.stats()["capture"] != "waiting", PATIENCE_S, "the wait ends", rig.chain.viewer.log)
        if rig.chain.stats()["capture"] == "captured":
            break  # else this machine took more than the 2.5 s after which a key counts as stuck
    release(rig)


def panic_needs_no_more_than_the_toggle(rig):
    ready(rig, "usb")
    with Recorder(rig) as recorder:
        for keys in ([TOGGLE], ["Control_L", "Alt_L", "Shift_L", "Escape"]):
            capture(rig)
            rig.display.do("keydown", "w")
            recorder.wait_keys((KEY_W, 1))
            for key in keys:
                rig.display.do("keydown", key)
            wait_capture(rig, "released")
            recorder.sync()
            assert not recorder.held(), recorder.keys()
            for key in ["w", *keys]:
                rig.display.do("keyup", key)


def pause_suspends_and_resume_captures_again(rig):
    ready(rig, "usb")
    capture(rig)
    rig.guest.qmp.execute("stop")
    wait_capture(rig, "suspended")
    rig.guest.qmp.execute("cont")
    wait_capture(rig, "captured")
    release(rig)


def a_hung_window_lets_go(rig):
    """The X server stands still, and the main thread with it: it waits for answers while the guest goes on drawing."""
    ready(rig, "usb")
    rig.guest.run("(while sleep 0.5; do date +%N; done) >/dev/tty1 2>&1 & echo $! >/tmp/drawing")
    with Recorder(rig) as recorder:
        capture(rig)
        rig.display.do("keydown", "w")
        recorder.wait_keys((KEY_W, 1))
        os.kill(rig.display.server.pid, signal.SIGSTOP)
        try:
            wait_until(lambda: not recorder.held(), PATIENCE_S, "the guest sees the key released", rig.chain.viewer.log)
        finally:
            os.kill(rig.display.server.pid, signal.SIGCONT)
        rig.display.do("keyup", "w")
    rig.guest.run("kill $(cat /tmp/drawing)")
    wait_until(lambda: not rig.chain.viewer.is_running() or rig.chain.stats().get("capture") == "released", PATIENCE_S, "released, or ended",
               rig.chain.viewer.log)
    if not rig.chain.viewer.is_running():  # this machine was so slow that the window hung for ten seconds
        rig.start_viewer()


def the_host_pointer_comes_back_where_the_guests_was(rig):
    ready(rig, "usb")
    moves = rig.chain.stats()["cursor_moves"]
    show_cursor(rig, 300, 200)
    wait_until(lambda: rig.chain.stats()["cursor_moves"] > moves, PATIENCE_S, "the viewer sees the cursor", rig.chain.viewer.log)
    capture(rig)
    release(rig)
    wait_until(lambda: rig.display.pointer_in(rig.window) == (300, 200), PATIENCE_S, "the host's pointer at that place", rig.chain.viewer.log)
    hide_cursor(rig)


def die(rig, number, recorder, chance):
    """The viewer is killed or stopped with keys down; the guest sees a release for each, without its help."""
    capture(rig)
    rig.display.do("keydown", "w", "keydown", "Shift_L", "mousedown", "1")
    wait_until(lambda: KEY_W in recorder.held(), PATIENCE_S, "the guest sees the key", rig.chain.viewer.log)
    time.sleep(chance.random() / 5)  # a random moment: within the press of the button, or after it
    os.kill(rig.chain.viewer.pid, number)
    rig.display.do("keyup", "w", "keyup", "Shift_L", "mouseup", "1")
    wait_until(lambda: not recorder.held(), PATIENCE_S, "the guest sees every key released", rig.chain.serve.log)
    assert not recorder.held_by_kernel()
    rig.chain.viewer.stop(signal.SIGKILL)


def deaths(rig, sink):
    chance = random.Random(SEED)
    print(f"       seed {SEED}, {DEATHS} deaths of each kind")
    rig.chain.viewer.stop()
    with Recorder(rig) as recorder:
        for number in [signal.SIGKILL, signal.SIGSTOP] * DEATHS:
            rig.start_viewer("--sink", sink)
            ready(rig, sink)
            die(rig, number, recorder, chance)
    rig.start_viewer()


def deaths_by_usb(rig):
    deaths(rig, "usb")


def deaths_by_qmp(rig):
    deaths(rig, "qmp")


TESTS = [
    toggle_captures_and_is_seen_by_nobody,
    captured_motion_is_relative_and_whole,
    seamless_motion_is_absolute,
    chords_and_commands,
    focus_loss_releases,
    capture_waits_for_keys,
    panic_needs_no_more_than_the_toggle,
    pause_suspends_and_resume_captures_again,
    the_host_pointer_comes_back_where_the_guests_was,
    a_hung_window_lets_go,
    deaths_by_usb,
    deaths_by_qmp,
]
