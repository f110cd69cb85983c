"""From driver to picture: the fake IVSHMEM driver loaded as the real one is, Wine's desktop captured by GDI, the Linux viewer under another X
server. The witness is Wine's own X server, read by xwd."""
import json
import os
import time

from rig.display import Display
from rig.failure import StepFailed, wait_until
from rig.region import RegionFile, RegionWatcher, is_served
from rig.wine import windows_path
from vm_peer import VmPeer

AGENT = "guest/windows/transom-agent.exe"
DRIVER_SETUP = "tests/windows/guest/fake_ivshmem/fake_ivshmem_setup.exe"
DRIVER = "tests/windows/guest/fake_ivshmem/fake_ivshmem.sys"
WINDOW = "tests/windows/guest/desk_window.exe"
FRAME_TIMEOUT_S = 30
QUIET_S = 1.2  # longer than the agent's slowest look at the screen while somebody watches
HEARD_TIMEOUT_S = 5
RESTING_S = 12  # from then on it looks each 250 ms
STILL_S = 6
NO_PEER = 0xFFFFFFFF
VECTORS = 2
OWN_VECTOR = 0  # of the guest, by which the host rings it
MOVE = 60  # pixels
DAMAGE_MOST = 0.30


def kernel_path(path):
    return "\\??\\" + windows_path(path)


class Desk:
    """Driver, agent, viewer and a window on Wine's desktop; made once, by the first test. A third device has the memory of a transom-serve."""

    def __init__(self, rig):
        self.rig = rig
        self.wine = rig.wine
        foreign, ours = rig.region_path("foreign", 16), rig.region_path("region", 64)
        with open(foreign, "r+b") as file:
            file.write(b"somebody else's memory")
        self.foreign, self.region_path = foreign, ours
        self.serve_socket = os.path.join(rig.directory, "region.sock")
        serve = [os.path.join(rig.build_directory, "host/serve/transom-serve"), "--socket", self.serve_socket, "--size", "32M"]
        self.serve = rig.children.start("transom-serve", serve)
        wait_until(lambda: self.serve.require_running() or is_served(self.serve_socket), FRAME_TIMEOUT_S, "transom-serve's socket", self.serve.log)
        self.machine = VmPeer(self.serve_socket, VECTORS)
        self.wine.run(DRIVER_SETUP, "uninstall")  # of a run that was killed
        self.wine.require(DRIVER_SETUP, "install", windows_path(self.wine.program(DRIVER)), VECTORS,
                          *map(kernel_path, (foreign, ours, self.machine.memory_path())))  # fmt: skip
        self.window = self.wine.start("window", WINDOW, "desk", 200, 150, 200, 160)
        self.agent = self.wine.start("agent", AGENT, "run", "--log-level", "debug")  # as installed: down the ladder, which ends at GDI here
        self.region = RegionFile(ours)
        self.newest, self.newest_since_s = 0, 0.0  # what the screen shows, and since when; the same later means that nothing came between
        wait_until(self.region.newest_sequence, FRAME_TIMEOUT_S, "the agent publishes a frame", self.agent.log)
        self.display = Display(rig.children, "xvfb-viewer")
        viewer = os.path.join(rig.build_directory, "host/cli/transom")
        self.viewer = rig.children.start("viewer", [viewer, "view", "--region", ours, "--renderer", "sdl"], env=self.display.environment)
        self.viewer_window = self.display.wait_for_window(self.viewer)

    def log_count(self, text):
        with open(self.agent.log, encoding="utf-8", errors="replace") as log:
            return log.read().count(text)

    def wait_quiet(self, quiet_s=QUIET_S):
        """Nothing was published for longer than the agent's slowest look, or for longer still."""

        def quiet():
            self.agent.require_running()
            if self.region.newest_sequence() != self.newest:
                self.newest, self.newest_since_s = self.region.newest_sequence(), time.monotonic()
            return self.newest and time.monotonic() - self.newest_since_s > quiet_s

        wait_until(quiet, FRAME_TIMEOUT_S, "the screen is at rest", self.agent.log)


def desk(rig):
    if not hasattr(rig, "desk"):
        rig.desk = Desk(rig)
    return rig.desk


def foreign_region_is_left_alone(rig):
    """Two devices; the first holds something else. The agent took the second by itself, and the first is as it was."""
    it = desk(rig)
    with open(it.foreign, "rb") as file:
        data = file.read()
    assert data.startswith(b"somebody else's memory") and not any(data[22:]), "the agent wrote into memory that is not ours"
    status, output = rig.wine.run(AGENT, "run", "--device", "0")
    assert status == 77 and "no region of ours" in output, (status, output)


def second_agent_is_told_who_has_it(rig):
    desk(rig)
    status, output = rig.wine.run(AGENT, "run", "--device", "64M")
    assert status == 77 and "another transom-agent has it" in output and "sc stop" in output, (status, output)


def window_shows_the_desktop(rig):
    """Pixel by pixel, what the viewer's window shows is what Wine's X server shows. The window hides the cursor in its left half."""
    it = desk(rig)
    rig.wine.display.do("mousemove", "230", "230")
    wait_until(lambda: not it.region.cursor()[2], FRAME_TIMEOUT_S, "the cursor is hidden", it.agent.log)

    def equal():
        it.wait_quiet()
        picture = it.display.read_window(it.viewer_window)
        truth = rig.wine.display.read_screen()
        return picture.wrong_pixels(truth) == 0

    wait_until(equal, FRAME_TIMEOUT_S, "the viewer's window equals Wine's desktop, 0 wrong pixels", it.viewer.log)


def cursor_is_where_it_is(rig):
    it = desk(rig)
    for x, y in ((370, 200), (388, 290), (700, 600), (5, 7), (1279, 799), (640, 30)):
        rig.wine.display.do("mousemove", str(x), str(y))
        wait_until(lambda at=(x, y): it.region.cursor()[:2] == at and it.region.cursor()[2], FRAME_TIMEOUT_S, f"the cursor is at {x},{y}",
                   it.agent.log)  # fmt: skip


def changed_pixels(before, after):
    one, other, width = memoryview(before.pixels), memoryview(after.pixels), before.width
    return [(i // 3 % width, i // 3 // width) for i in range(0, len(one), 3) if one[i : i + 3] != other[i : i + 3]]


def moved_window_gives_small_damage(rig):
    """Damage covers every pixel that another client of the X server sees changed, and less than 30 % of the screen."""
    it = desk(rig)
    it.wait_quiet()
    before, sequence = rig.wine.display.read_screen(), it.region.newest_sequence()
    window = rig.wine.display.wait_for_window(it.window, "desk")
    rig.wine.display.do("windowmove", window, str(200 + MOVE), "170")
    wait_until(lambda: it.region.newest_sequence() != sequence, FRAME_TIMEOUT_S, "the move is published", it.agent.log)
    it.wait_quiet()
    after = rig.wine.display.read_screen()
    _, rectangles = it.region.damage_since(sequence)
    assert rectangles is not None, "full damage for a moved window"
    covered = bytearray(after.width * after.height)
    for x, y, width, height in rectangles:
        for row in range(y, y + height):
            covered[row * after.width + x : row * after.width + x + width] = b"\1" * width
    changed = changed_pixels(before, after)
    missed = [at for at in changed if not covered[at[1] * after.width + at[0]]]
    share = sum(covered) / len(covered)
    assert changed and not missed, f"{len(missed)} of {len(changed)} changed pixels are not in the damage, first {missed[:3]}"
    assert share < DAMAGE_MOST, f"damage covers {share:.0%} of the screen"
    print(f"       {len(changed)} pixels changed, damage covers {share:.1%} of the screen", flush=True)


def still_desktop_publishes_nothing(rig):
    """At rest the agent publishes nothing, and looks no more often than its table says: each 250 ms after 10 s, 100 ms before."""
    it = desk(rig)
    it.wait_quiet()
    sequence = it.region.newest_sequence()
    began_s, began_ticks = time.monotonic(), cpu_seconds(it.agent.pid)
    end = time.monotonic() + 3
    wait_until(lambda: time.monotonic() > end, 10, "three seconds of rest")
    assert it.region.newest_sequence() == sequence, "a frame was published although nothing changed"
    share = (cpu_seconds(it.agent.pid) - began_ticks) / (time.monotonic() - began_s)
    print(f"       at rest the agent takes {share:.2%} of a processor (GDI under Wine, {it.wine.display.server.name})", flush=True)


def looks_no_more_often_than_stated(rig):
    """Watched for some seconds on a still desktop: looks and wake-ups stay below what the table in guest/core/poll_pacer.h allows."""
    path = rig.region_path("still", 64)
    options = ("--source", "gdi", "--seconds", str(STILL_S), "--stats", "json")
    agent = rig.wine.start("agent-still", AGENT, "run", "--region", windows_path(path), *options)
    region = RegionFile(path)
    wait_until(region.newest_sequence, FRAME_TIMEOUT_S, "the agent publishes a frame", agent.log)
    region.arm(5, peer=NO_PEER, token=0)
    wait_until(lambda: not agent.is_running(), FRAME_TIMEOUT_S, "the agent ends", agent.log)
    region.close()
    os.unlink(path)
    with open(agent.log, encoding="utf-8", errors="replace") as log:
        stats = json.loads([line for line in log if line.startswith("{")][-1])
    looks_most = 2 * 60 + (STILL_S - 2) * 10 + STILL_S + 10  # 60 Hz for 2 s, then each 100 ms; once a second before the consumer came
    wakeups_most = looks_most + 2 * 250 + STILL_S * (10 + 2 + 4) + 50  # the cursor each 4 ms for 2 s; talk, heartbeat, displays
    print(f"       {STILL_S} s: {stats['screen_looks']} looks (at most {looks_most}), {stats['wakeups']} wake-ups (at most {wakeups_most}), "
          f"{stats['frames_published']} frames", flush=True)  # fmt: skip
    assert stats["screen_looks"] <= looks_most and stats["wakeups"] <= wakeups_most, stats
    assert stats["frames_published"] <= 2, stats  # the first, and one for the consumer that joined if it asks


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def input_ends_the_rest(rig):
    """After more than ten seconds without a change the agent looks four times a second. A mouse that moves is followed at once all the same."""
    it = desk(rig)
    heard = it.log_count("the rest is over")
    # The agent counts its ten seconds from when it heard of the last change, which under Wine may be well after it: perhaps once more.
    for x in range(391, 394):
        it.wait_quiet(RESTING_S)
        rig.wine.display.do("mousemove", str(x), "250")
        wait_until(lambda: it.region.cursor()[:2] == (x, 250), FRAME_TIMEOUT_S, f"the cursor is at {x},250", it.agent.log)
        try:
            wait_until(lambda: it.log_count("the rest is over") > heard, HEARD_TIMEOUT_S, "the agent hears of the input", it.agent.log)
            return
        except StepFailed:
            it.newest = 0
    raise StepFailed("the agent never hears of the input", it.agent.log)


def armed_consumer_is_rung(rig):
    """A consumer that has a peer number and armed itself is rung through the driver, once for its token, on the vector of frames."""
    it = desk(rig)
    before = int(rig.wine.require(DRIVER_SETUP, "rings", 1).split()[0])
    it.region.arm(5, peer=9, token=77)
    rig.wine.display.do("mousemove", "376", "270")
    wait_until(lambda: it.region.cursor()[:2] == (376, 270), FRAME_TIMEOUT_S, "the cursor has moved", it.agent.log)
    rig.wine.display.do("mousemove", "378", "272")
    wait_until(lambda: it.region.cursor()[:2] == (378, 272), FRAME_TIMEOUT_S, "the cursor has moved", it.agent.log)
    count, peer, vector = map(int, rig.wine.require(DRIVER_SETUP, "rings", 1).split())
    it.region.arm(5, peer=0, token=0, epoch=0)
    assert (count - before, peer, vector) == (1, 9, 0), f"{count - before} rings, the last for peer {peer}, vector {vector}"


def host_ring_wakes_the_agent(rig):
    """Somebody on the host rings the VM's doorbell, as transom-serve has handed it out; what QEMU does, making an interrupt of the device of it, is
    done here; the agent wakes by the event that it has registered with the driver. Once for each ring, in the memory that all of them share."""
    it = desk(rig)
    agent = rig.wine.start("agent-served", AGENT, "run", "--device", "32M", "--source", "test-card", "--log-level", "debug")
    host = VmPeer(it.serve_socket, VECTORS)
    region = RegionWatcher(it.serve_socket)

    def heard():
        with open(agent.log, encoding="utf-8", errors="replace") as log:
            return log.read().count("the host rang")

    wait_until(region.newest_sequence, FRAME_TIMEOUT_S, "the agent publishes a frame in the server's memory", agent.log)
    for ring in range(1, 4):
        host.ring(it.machine.peer, OWN_VECTOR)
        it.machine.await_ring(OWN_VECTOR)
        rig.wine.require(DRIVER_SETUP, "interrupt", 2)
        wait_until(lambda wanted=ring: heard() == wanted, FRAME_TIMEOUT_S, f"the agent hears ring {ring}", agent.log)
    agent.stop()
    region.close()
    host.close()


def driver_restart_is_survived(rig):
    """The memory vanishes under the agent, and the device answers again: the agent maps it anew and the picture is back."""
    it = desk(rig)
    epoch = it.region.epoch()
    rig.wine.require(DRIVER_SETUP, "vanish", 1)
    wait_until(lambda: it.region.epoch() not in (0, epoch) and it.region.newest_sequence(), FRAME_TIMEOUT_S,
               "the agent formats the region anew", it.agent.log)  # fmt: skip
    it.agent.require_running()


TESTS = [
    foreign_region_is_left_alone,
    second_agent_is_told_who_has_it,
    window_shows_the_desktop,
    cursor_is_where_it_is,
    moved_window_gives_small_damage,
    still_desktop_publishes_nothing,
    looks_no_more_often_than_stated,
    input_ends_the_rest,  # after those that rest as well
    armed_consumer_is_rung,
    host_ring_wakes_the_agent,
    driver_restart_is_survived,
]
