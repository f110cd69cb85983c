"""A cursor plane of the guest's display (virtio-gpu): the viewer draws what QEMU's dump of the screen, which has no cursor, does not show."""
from rig.chain import compare_at_rest
from rig.failure import StepFailed, wait_until
from rig.pictures import Picture

SIDE = 64  # of tests/guest/set_cursor.c's cursor; its right half is transparent
SHOWN_TIMEOUT_S = 20
PLACES = [(100, 60), (1280 - 20, 800 - 30), (-10, 300)]


def with_cursor(picture, left, top):
    pixels = bytearray(picture.pixels)
    for y in range(SIDE):
        for x in range(SIDE // 2):
            if 0 <= left + x < picture.width and 0 <= top + y < picture.height:
                at = ((top + y) * picture.width + left + x) * 3
                pixels[at : at + 3] = bytes((x * 4, y * 4, 0x80))
    return Picture(picture.width, picture.height, pixels)


def show_cursor(rig, left, top):
    rig.guest.run(f"set_cursor {left} {top} >/tmp/set_cursor 2>&1 &")

    def shown():
        said = rig.guest.run("cat /tmp/set_cursor")
        if "shown" not in said and said.strip():
            raise StepFailed(said.strip())
        return said

    wait_until(shown, SHOWN_TIMEOUT_S, "the guest shows a cursor")


def hide_cursor(rig):
    rig.guest.run("killall set_cursor; while pidof set_cursor; do sleep 0.1; done")


def cursor_plane(rig):
    for left, top in PLACES:
        show_cursor(rig, left, top)
        try:
            _, wrong = compare_at_rest(rig.chain, rig.display, rig.window, over=lambda truth: with_cursor(truth, left, top))
        finally:
            hide_cursor(rig)
        assert wrong == 0, f"with the cursor at {left}, {top}, {wrong} pixels differ"


def cursor_gone(rig):
    _, wrong = compare_at_rest(rig.chain, rig.display, rig.window)
    assert wrong == 0, f"without a cursor {wrong} pixels differ"


TESTS = [cursor_plane, cursor_gone]
