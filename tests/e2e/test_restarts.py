"""Whoever dies and comes back, the picture comes back by itself: each time proved by a comparison with QEMU's own dump."""
import signal

from rig.chain import compare_at_rest
from rig.failure import wait_until

COME_BACK_TIMEOUT_S = 60


def require_picture(rig, text, terminal=1):
    """A new text on the guest's screen, and the window shows it exactly."""
    rig.chain.wait_settled()  # or a change before this one would be taken for it
    before = rig.chain.region.newest_sequence()
    rig.guest.run(f"echo '{text}' >/dev/tty{terminal}")
    wait_until(lambda: rig.chain.region.newest_sequence() != before, COME_BACK_TIMEOUT_S, "the agent publishes the new text", rig.guest.serial)
    picture, wrong = compare_at_rest(rig.chain, rig.display, rig.window)
    assert wrong == 0, f"{wrong} of {picture.width * picture.height} pixels differ"


def wait_new_epoch(rig, before):
    def formatted():
        epoch = rig.chain.region.epoch()
        return epoch not in (0, before) and rig.chain.region.newest_sequence()

    wait_until(formatted, COME_BACK_TIMEOUT_S, "an agent formats the region anew and publishes", rig.guest.serial)


def agent_killed(rig):
    epoch = rig.chain.region.epoch()
    rig.guest.run("killall -9 transom-agent")
    wait_new_epoch(rig, epoch)
    require_picture(rig, "after the agent was killed")


def viewer_killed(rig):
    rig.chain.viewer.stop(signal.SIGKILL)
    rig.start_viewer()
    require_picture(rig, "after the viewer was killed")


def second_viewer_watches(rig):
    """Two at once, then the first goes: the second is not disturbed."""
    first = rig.chain.viewer
    rig.start_viewer()
    require_picture(rig, "with two viewers")
    first.require_running()
    first.stop()
    require_picture(rig, "with the second viewer alone")


def terminal_switched(rig):
    rig.guest.run("chvt 2")
    require_picture(rig, "the second terminal", terminal=2)
    rig.guest.run("chvt 1")
    require_picture(rig, "the first terminal again")


def guest_suspended(rig):
    """All of a suspend but the sleep itself, from which emulated machines do not wake: the kernel's own test mode puts devices down, waits
    five seconds and wakes them (Documentation/power/basic-pm-debugging)."""
    epoch = rig.chain.region.epoch()
    rig.guest.run("echo platform >/sys/power/pm_test; echo mem >/sys/power/state; echo none >/sys/power/pm_test", 60)
    require_picture(rig, "after a suspend")
    assert rig.chain.region.epoch() == epoch, "the agent began anew"


def wait_reboot(rig, mark, epoch):
    rig.guest.wait_serial("guest: console ready", since=mark)
    wait_new_epoch(rig, epoch)
    require_picture(rig, "after a reboot")


def machine_reset(rig):
    mark, epoch = rig.guest.serial_mark(), rig.chain.region.epoch()
    rig.guest.qmp.execute("system_reset")
    wait_reboot(rig, mark, epoch)


def guest_rebooted(rig):
    mark, epoch = rig.guest.serial_mark(), rig.chain.region.epoch()
    rig.guest.run("(sleep 0.3; reboot) &")  # or our own shell would end before it has answered
    wait_reboot(rig, mark, epoch)


def serve_killed(rig):
    """What is connected goes on. Last: QEMU never connects to a server a second time."""
    rig.chain.serve.stop(signal.SIGKILL)
    require_picture(rig, "after transom-serve was killed")


TESTS = [agent_killed, viewer_killed, second_viewer_watches, terminal_switched, guest_suspended, machine_reset, guest_rebooted, serve_killed]
