"""A guest with two outputs: a window for each, each equal to QEMU's own dump of that output; they come and go, and input follows the focus."""
import json

from rig.failure import wait_until
from test_capture import Recorder
from test_picture import leave_mode

PATIENCE_S = 30
PLUG_PATIENCE_S = 150  # until a loaded guest knows the keyboard of a viewer that has just started
EV_KEY, EV_REL, REL_X = 1, 2, 0
KEY_A, KEY_B, KEY_Q = 30, 48, 16
TOGGLE = "105"  # Right Ctrl by its keycode


def stats_of(rig, head):
    """The newest of this window's reports; {} before the first."""
    with open(rig.chain.stats_path, encoding="utf-8", errors="replace") as file:
        lines = [json.loads(line) for line in file.read().split("\n")[:-1] if line.startswith("{")]
    return next((stats for stats in reversed(lines) if stats.get("head") == head), {})


def wait_stats(rig, head, what, patience_s=PATIENCE_S, **wanted):
    def reached():
        rig.chain.viewer.require_running()
        stats = stats_of(rig, head)
        return all(stats.get(key) == value for key, value in wanted.items())

    wait_until(reached, patience_s, what, rig.chain.viewer.log)


def window_of(rig, head):
    return rig.display.wait_for_window(rig.chain.viewer, f"screen {head} - Transom")


def show_on(rig, what, output):
    rig.guest.run(f"set_mode {what} {output} >/tmp/set_mode 2>&1 &")
    wait_until(lambda: rig.guest.run("cat /tmp/set_mode").strip(), PATIENCE_S, f"output {output} shows {what}")
    said = rig.guest.run("cat /tmp/set_mode")
    assert "shown" in said or "off" in said, said


def require_equal(rig, head, width, height):
    """The window, while the guest stands still, until it has caught up."""
    last = "nothing was read"
    rig.display.do("windowraise", window_of(rig, head))  # a window in front hides what is read

    def equal():
        nonlocal last
        with rig.guest.paused():
            truth = rig.guest.screendump(device="gpu", head=head)
            picture = rig.display.read_window(window_of(rig, head))
        if (picture.width, picture.height) != (width, height) or (truth.width, truth.height) != (width, height):
            last = f"the window is {picture.width}x{picture.height}, QEMU's picture {truth.width}x{truth.height}"
            return False
        assert len(set(truth.pixels)) > 1, "the picture is of one colour: nothing would be compared"
        wrong = picture.wrong_pixels(truth)
        last = f"{wrong} of {width * height} pixels differ"
        return wrong == 0

    try:
        wait_until(equal, PATIENCE_S, f"window {head} equals QEMU's dump", rig.chain.viewer.log)
    except Exception:
        print(f"       head {head}: {last}")
        raise


def a_window_for_each_output(rig):
    rig.chain.viewer.stop()
    rig.chain.start_viewer("--heads", "all")
    show_on(rig, "800x600", 1)
    for head, width, height in ((0, 1280, 800), (1, 800, 600)):
        wait_stats(rig, head, f"window {head} shows {width}x{height}", state="running", width=width, height=height)
        rig.display.do("windowmove", window_of(rig, head), str(760 * head), str(500 * head))
    for head, width, height in ((0, 1280, 800), (1, 800, 600)):
        require_equal(rig, head, width, height)


def an_output_that_goes_is_said_and_comes_back(rig):
    leave_mode(rig)
    show_on(rig, "off", 1)
    wait_stats(rig, 1, "window 1 says that there is no output", state="no_head")
    wait_stats(rig, 0, "window 0 goes on", state="running")
    require_equal(rig, 0, 1280, 800)
    leave_mode(rig)
    show_on(rig, "800x600", 1)
    wait_stats(rig, 1, "window 1 shows the output again", state="running", width=800, height=600)
    require_equal(rig, 1, 800, 600)


def focus(rig, head):
    window = window_of(rig, head)
    rig.display.do("windowraise", window)
    rig.display.focus(window)
    wait_stats(rig, head, f"input serves window {head}", PLUG_PATIENCE_S, capture="released", sink="usb")


def keys_come_from_the_window_with_the_focus(rig):
    with Recorder(rig) as recorder:
        for head, key, code in ((0, "a", KEY_A), (1, "b", KEY_B), (0, "b", KEY_B), (1, "a", KEY_A)):
            focus(rig, head)
            rig.display.do("key", key)
            recorder.wait_keys((code, 1), (code, 0))
    rig.display.do("key", "BackSpace", "BackSpace", "BackSpace", "BackSpace")


def nothing_stays_pressed_when_the_focus_moves(rig):
    focus(rig, 0)
    with Recorder(rig) as recorder:
        rig.display.do("keydown", "q")
        recorder.wait_keys((KEY_Q, 1))
        focus(rig, 1)  # where the X server's repetition may press it again
        wait_until(lambda: (KEY_Q, 0) in recorder.keys(), PATIENCE_S, "the guest sees it released", rig.chain.viewer.log)
        rig.display.do("keyup", "q")
        wait_until(lambda: not recorder.held(), PATIENCE_S, "the guest has nothing pressed", rig.chain.viewer.log)
    focus(rig, 0)
    rig.display.do("key", "BackSpace")


def a_click_captures_in_either_window(rig):
    """No place is sent, for nobody knows where the screens lie; captured, the mouse moves over all of them."""
    for head in (1, 0):
        focus(rig, head)
        with Recorder(rig) as recorder:
            rig.display.do("mousemove", "--window", window_of(rig, head), "300", "200")
            rig.display.do("click", "1")
            wait_stats(rig, head, f"window {head} captures", capture="captured")
            rig.display.do("mousemove_relative", "--", "37", "5")
            wait_until(lambda: recorder.motion() == (37, 5), PATIENCE_S, "the guest sees the motion")
            rig.display.do("key", TOGGLE)
            wait_stats(rig, head, f"window {head} releases", capture="released")
            recorder.sync()
            assert {event[0] for event in recorder.events()} <= {0, EV_REL}, recorder.events()


def closing_one_leaves_the_other(rig):
    for head in (0, 1):  # in turns: the first has what belongs to the guest as a whole
        rig.chain.viewer.stop()
        rig.chain.start_viewer("--heads", "0,1")
        for each in (0, 1):
            wait_stats(rig, each, f"window {each} runs", state="running")
        focus(rig, head)
        rig.display.close(window_of(rig, head))
        wait_stats(rig, head, f"window {head} has closed", event="exit")
        focus(rig, 1 - head)
        require_equal(rig, 1 - head, *((800, 600) if head == 0 else (1280, 800)))
        with Recorder(rig) as recorder:
            rig.display.do("key", "a")
            recorder.wait_keys((KEY_A, 1), (KEY_A, 0))
        rig.display.do("key", "BackSpace")
        rig.display.close(window_of(rig, 1 - head))
        wait_until(lambda: not rig.chain.viewer.is_running(), PATIENCE_S, "the viewer ends with its last window", rig.chain.viewer.log)


TESTS = [
    a_window_for_each_output,
    an_output_that_goes_is_said_and_comes_back,
    keys_come_from_the_window_with_the_focus,
    nothing_stays_pressed_when_the_focus_moves,
    a_click_captures_in_either_window,
    closing_one_leaves_the_other,
]
