"""Keys and pointer: XTest into the viewer's window on one end, the guest's shell and its event devices on the other."""
import struct

from rig.chain import compare_at_rest
from rig.failure import StepFailed, wait_until

EVENT = struct.Struct("<QQHHi")  # struct input_event of a 64-bit guest
EV_KEY, EV_REL, EV_ABS = 1, 2, 3
ABS_X, ABS_Y, REL_WHEEL, KEY_A, BTN_LEFT = 0, 1, 8, 30, 0x110
ABSOLUTE_MAX = 32767
ANSWER_TIMEOUT_S = 20


class Recording:
    """Events of one of the guest's devices, by name, from `with` until its end."""

    def __init__(self, rig, name):
        self.rig = rig
        listing = rig.guest.run("cat /proc/bus/input/devices")
        block = next(b for b in listing.split("\n\n") if name in b)
        self.device = next(word for word in block.split() if word.startswith("event"))

    def __enter__(self):
        self.rig.guest.run(f"rm -f /tmp/events; dd if=/dev/input/{self.device} of=/tmp/events bs=24 2>/dev/null &")
        self.rig.guest.run(f"until ls -l /proc/$(pidof dd)/fd 2>/dev/null | grep -q {self.device}; do sleep 0.05; done")
        return self

    def __exit__(self, *_):
        self.rig.guest.run("killall dd")

    def events(self):
        """(type, code, value), without the synchronisation marks."""
        data = bytes.fromhex("".join(self.rig.guest.run("xxd -p /tmp/events").split()))
        whole = len(data) - len(data) % EVENT.size
        return [event[2:] for event in EVENT.iter_unpack(data[:whole]) if event[2]]

    def wait_for(self, *wanted):
        def arrived():
            events = self.events()
            return all(any(match(event) for event in events) for match in wanted)

        try:
            wait_until(arrived, ANSWER_TIMEOUT_S, "the guest sees the events")
        except StepFailed as failure:
            raise StepFailed(f"{failure}; it saw {self.events()}", self.rig.chain.viewer.log) from failure


def near(kind, code, value, tolerance):
    return lambda event: event[:2] == (kind, code) and abs(event[2] - value) <= tolerance


def exactly(*event):
    return lambda other: other == event


def typed_line_is_executed(rig):
    before = rig.chain.region.newest_sequence()
    mark = rig.guest.serial_mark()
    rig.display.type_line(rig.window, 'echo "Typed: $((6*7))" {a,Z} | tee /dev/ttyS0')
    rig.guest.wait_serial(r"Typed: 42 \{a,Z\}", ANSWER_TIMEOUT_S, mark)
    picture, wrong = compare_at_rest(rig.chain, rig.display, rig.window)
    assert rig.chain.shown_sequence() > before, "typing did not change the picture"
    assert wrong == 0, f"{wrong} of {picture.width * picture.height} pixels differ"


def pointer_goes_where_it_points(rig):
    rig.display.focus(rig.window)
    with Recording(rig, "QEMU Virtio Tablet") as recording:
        rig.display.do("mousemove", "--window", rig.window, "320", "600")
        rig.display.do("mousemove", "--window", rig.window, "640", "400")
        # One pixel of 1280 is 25.6 units; rounding may differ by one pixel.
        recording.wait_for(near(EV_ABS, ABS_X, ABSOLUTE_MAX // 2, 60), near(EV_ABS, ABS_Y, ABSOLUTE_MAX // 2, 90))


def buttons_and_wheel_arrive(rig):
    rig.display.focus(rig.window)
    with Recording(rig, "QEMU Virtio Tablet") as recording:
        rig.display.do("click", "1")
        rig.display.do("click", "4")  # X11's button 4 is one notch up
        recording.wait_for(exactly(EV_KEY, BTN_LEFT, 1), exactly(EV_KEY, BTN_LEFT, 0), exactly(EV_REL, REL_WHEEL, 1))


def focus_loss_releases_keys(rig):
    other = rig.children.start("xlogo", ["xlogo", "-geometry", "100x100+1900+1050"], env=rig.display.environment)
    other_window = rig.display.wait_for_window(other, "xlogo")
    rig.display.focus(rig.window)
    with Recording(rig, "QEMU Virtio Keyboard") as recording:
        rig.display.do("keydown", "a")
        recording.wait_for(exactly(EV_KEY, KEY_A, 1))
        rig.display.do("windowfocus", "--sync", other_window)
        recording.wait_for(exactly(EV_KEY, KEY_A, 0))
        rig.display.do("keyup", "a")
    other.stop()
    rig.display.focus(rig.window)
    rig.display.do("key", "BackSpace")


TESTS = [typed_line_is_executed, pointer_goes_where_it_points, buttons_and_wheel_arrive, focus_loss_releases_keys]
