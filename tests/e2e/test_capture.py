"""Capture and release: XTest into the viewer's window on one end, the guest's own event devices on the other."""
import os
import random
import signal
import time

from rig.failure import StepFailed, wait_until

PATIENCE_S = 20
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
        """Keys that are down, as the guest's kernel knows it."""
        down = set()
        for code, value in self.keys():
            (down.add if value else down.discard)(code)
        return down


def wait_capture(rig, state, sink=None):
    def reached():
        stats = rig.chain.stats()
        return stats.get("capture") == state and sink in (None, stats.get("sink"))

    wait_until(reached, PATIENCE_S, f"the viewer says {state}", rig.chain.viewer.log)


def ready(rig, sink):
    """The viewer has the focus and the guest hears it by this sink."""
    rig.display.focus(rig.window)
    wait_until(lambda: rig.chain.stats().get("sink") == sink, PATIENCE_S, f"keys go by {sink}", rig.chain.viewer.log)


def capture(rig):
    rig.display.do("key", TOGGLE)
    wait_capture(rig, "captured")


def release(rig):
    rig.display.do("key", TOGGLE)
    wait_capture(rig, "released")


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
    rig.display.do("keydown", "w", "key", TOGGLE)
    wait_capture(rig, "waiting")
    rig.display.do("keyup", "w")
    wait_capture(rig, "captured")
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


def die(rig, number, recorder, chance):
    """The viewer is killed or stopped with keys down; the guest sees a release for each, without its help."""
    capture(rig)
    rig.display.do("keydown", "w", "keydown", "Shift_L", "mousedown", "1")
    wait_until(lambda: KEY_W in recorder.held(), PATIENCE_S, "the guest sees the key", rig.chain.viewer.log)
    time.sleep(chance.random() / 5)  # a random moment: within the press of the button, or after it
    os.kill(rig.chain.viewer.pid, number)
    rig.display.do("keyup", "w", "keyup", "Shift_L", "mouseup", "1")
    wait_until(lambda: not recorder.held(), PATIENCE_S, "the guest sees every key released", rig.chain.serve.log)
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
    deaths_by_usb,
    deaths_by_qmp,
]
