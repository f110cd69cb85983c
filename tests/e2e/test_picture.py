"""The viewer's window, read back from the X server by another tool, equals QEMU's own dump of the guest's screen: 0 wrong pixels."""
from rig.chain import compare_at_rest
from rig.failure import StepFailed, wait_until

MODE_TIMEOUT_S = 20


def require_equal(rig, width, height):
    picture, wrong = compare_at_rest(rig.chain, rig.display, rig.window)
    assert (picture.width, picture.height) == (width, height), f"the window is {picture.width}x{picture.height}"
    assert wrong == 0, f"{wrong} of {width * height} pixels differ"
    assert len(set(picture.pixels)) > 1, "the picture is of one colour: nothing was compared"


def picture_console_1280x800(rig):
    require_equal(rig, 1280, 800)


def picture_after_text(rig):
    rig.guest.run("for i in $(seq 60); do printf '\\033[3%dm line %d: the quick brown fox\\033[0m\\n' $((i % 8)) $i; done >/dev/tty1")
    require_equal(rig, 1280, 800)


def show_mode(rig, width, height):
    rig.guest.run(f"set_mode {width}x{height} >/tmp/set_mode 2>&1 &")

    def shown():
        said = rig.guest.run("cat /tmp/set_mode")
        if "shown" not in said and said.strip():
            raise StepFailed(said.strip())
        return said

    wait_until(shown, MODE_TIMEOUT_S, f"the guest shows {width}x{height}")


def leave_mode(rig):
    rig.guest.run("killall set_mode; while pidof set_mode; do sleep 0.1; done")


def check_mode(rig, width, height):
    show_mode(rig, width, height)
    try:
        wait_for_window_size(rig, width, height)
        require_equal(rig, width, height)
    finally:
        leave_mode(rig)


def wait_for_window_size(rig, width, height):
    """The window follows the guest's size by itself; no window manager stands in between."""

    def has_size():
        rig.chain.viewer.require_running()
        picture = rig.display.read_window(rig.window)
        return (picture.width, picture.height) == (width, height)

    wait_until(has_size, MODE_TIMEOUT_S, f"the window becomes {width}x{height}", rig.chain.viewer.log)


def picture_1920x1080(rig):
    check_mode(rig, 1920, 1080)


def picture_after_mode_change(rig):
    check_mode(rig, 1024, 768)
    wait_for_window_size(rig, 1280, 800)
    require_equal(rig, 1280, 800)


TESTS = [picture_console_1280x800, picture_after_text, picture_1920x1080, picture_after_mode_change]
