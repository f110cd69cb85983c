"""One domain from its definition to its undoing; the viewer is an ordinary user's and knows nothing but its name."""
import json
import os
import signal
import subprocess

from rig.chain import compare_at_rest
from rig.failure import wait_until
from rig.libvirt import USER_ID, as_user
from rig.libvirt_guest import LibvirtGuest
from rig.libvirt_rig import LibvirtChain

NAME = "life"
WAIT_S = 90


def define_and_set_up(rig):
    rig.life, _, rig.life_before = rig.new_domain(NAME)
    after = rig.libvirt.definition(NAME)
    assert after != rig.life_before
    for words in (["--resolution", "1920x1080"], []):  # without one, the size stays what it was set up for
        again = rig.transom("setup", NAME, "--yes", *words).stdout
        assert "Nothing to do" in again, again
    assert rig.libvirt.definition(NAME) == after
    path = f"{rig.directory}/after.xml"
    with open(path, "w", encoding="utf-8") as file:
        file.write(after)
    result = subprocess.run(["virt-xml-validate", path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert result.returncode == 0, result.stdout


def only_the_group_may_connect(rig):
    probe = "import socket,sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
    for user, path, may in (("libvirt-qemu", "region.sock", True), ("libvirt-qemu", "control.sock", False), ("nobody", "region.sock", False)):
        argv = ["setpriv", f"--reuid={user}", "--regid=nogroup", "--clear-groups", "python3", "-c", probe, f"/run/transom/{NAME}/{path}"]
        result = subprocess.run(argv, stderr=subprocess.DEVNULL, check=False)
        assert (result.returncode == 0) == may, f"{user} and {path}: expected {'access' if may else 'refusal'}"
    argv = as_user(["python3", "-c", probe, f"/run/transom/{NAME}/control.sock"])
    assert subprocess.run(argv, check=False).returncode == 0, "the ordinary user of the group is refused"


def view_starts_it(rig):
    """--start; the emulated display until the agent runs, then the region's frames."""
    rig.life.start_viewer("--start")
    rig.life.wait_state("running")
    rig.window = rig.display.wait_for_window(rig.life.viewer)
    wait_until(lambda: rig.life.stats().get("fallback_frames"), WAIT_S, "the emulated display is shown before the agent runs", rig.life.viewer.log)
    rig.life.guest.wait_serial("guest: console ready")
    rig.life.wait_first_frame()
    require_picture(rig, "set up and started")


def require_picture(rig, text):
    before = rig.life.region.newest_sequence()
    rig.life.guest.run(f"echo '{text}' >/dev/tty1")
    wait_until(lambda: rig.life.region.newest_sequence() != before, WAIT_S, "the agent publishes the new text", rig.life.guest.serial)
    picture, wrong = compare_at_rest(rig.life, rig.display, rig.window)
    assert wrong == 0, f"{wrong} of {picture.width * picture.height} pixels differ"


def doctor_finds_nothing_wrong(rig):
    wrong_here = {"kvm", "iommu"}  # an emulated guest on a machine without either
    for user in (True, False):
        report = json.loads(rig.transom("doctor", NAME, "--json", user=user, check=False).stdout)
        bad = [check for check in report["checks"] if check["verdict"] == "failed" and check["name"] not in wrong_here]
        assert not bad, bad
    verdicts = {check["name"]: check["verdict"] for check in report["checks"]}
    for name in ("server", "viewer_rights", "qemu_rights", "agent", "output", "usb_channels"):
        assert verdicts[name] == "fine", f"{name}: {verdicts[name]}"
    line = next(line for line in rig.transom("list", user=True).stdout.splitlines() if line.startswith(NAME))
    assert "running" in line and "transom-agent" in line and line.endswith(" ready"), line


def no_name_is_needed(rig):
    """The only running domain that is set up."""
    result = rig.transom("view", "--renderer", "headless", "--frames", "1", "--seconds", "60", "--stats", "json", user=True)
    last = json.loads(result.stdout.splitlines()[-1])
    assert last["domain"] == NAME and last["frames"] >= 1, last


def typing_goes_by_usb(rig):
    """libvirt's QEMU comes to the server's USB channel, the server lends it to the viewer, and the guest has a keyboard."""
    wait_until(lambda: rig.life.stats().get("sink") == "usb", WAIT_S, "the viewer is the guest's USB keyboard", rig.life.viewer.log)
    rig.display.focus(rig.window)
    rig.display.type_line(rig.window, "echo typed >/tmp/typed")
    wait_until(lambda: "typed" in rig.life.guest.run("cat /tmp/typed 2>/dev/null || true"), WAIT_S, "the line arrives in the guest", rig.life.viewer.log)


def pause_and_resume(rig):
    rig.libvirt.virsh("suspend", NAME)
    rig.life.wait_state("paused")
    rig.libvirt.virsh("resume", NAME)
    rig.life.wait_state("running")
    require_picture(rig, "after a pause")


def daemon_restarted(rig):
    """The picture goes on without libvirt, and its news come back with it."""
    rig.libvirt.daemon.stop(signal.SIGKILL)
    rig.life.wait_state("unreachable")
    rig.libvirt.start_daemon()
    rig.life.wait_state("running")
    require_picture(rig, "after libvirtd was killed")


def reboot(rig):
    mark, epoch, shown = rig.life.guest.serial_mark(), rig.life.region.epoch(), rig.life.stats()["fallback_frames"]
    rig.life.guest.forget_control()
    rig.libvirt.virsh("reset", NAME)
    wait_until(lambda: rig.life.stats().get("fallback_frames", 0) > shown, WAIT_S, "the firmware is shown after a reset", rig.life.viewer.log)
    rig.life.guest.wait_serial("guest: console ready", since=mark)
    wait_until(lambda: rig.life.region.epoch() not in (0, epoch) and rig.life.region.newest_sequence(), WAIT_S, "a new epoch", rig.life.guest.serial)
    require_picture(rig, "after a reset")


def destroy_and_start(rig):
    rig.libvirt.virsh("destroy", NAME)
    rig.life.wait_state("off")
    rig.life.guest.forget_control()
    epoch = rig.life.region.epoch()
    rig.libvirt.virsh("start", NAME)
    rig.life.wait_state("running")
    wait_until(lambda: rig.life.region.epoch() not in (0, epoch) and rig.life.region.newest_sequence(), WAIT_S, "a new epoch", rig.life.guest.serial)
    require_picture(rig, "after a new start")


def asleep_until_a_key(rig):
    """The guest suspends itself; a key in the window wakes it. What the emulated machine makes of its waking is not looked at."""
    rig.life.guest.connect_control()
    rig.life.guest.control.sendall(b"echo mem >/sys/power/state\n")
    rig.life.wait_state("asleep")
    rig.display.focus(rig.window)
    rig.display.do("key", "space")
    rig.life.wait_state("running")


def undo(rig):
    rig.life.stop_viewer()
    rig.libvirt.virsh("destroy", NAME)
    rig.transom("setup", NAME, "--undo", "--yes")
    after = rig.libvirt.definition(NAME)
    assert after == rig.life_before, "the definition is not what it was"
    rig.life.guest.forget_control()
    rig.servers[NAME].stop()
    rig.libvirt.virsh("start", NAME)  # without our server
    rig.libvirt.virsh("destroy", NAME)


def without_setup(rig):
    """A shared memory file as guides for other programs have it: the name alone is enough, and nothing of the domain is changed. Keys go through the
    monitor that libvirt has."""
    devices = "<shmem name='lg-style'><model type='ivshmem-plain'/><size unit='M'>64</size></shmem><graphics type='vnc'/>"
    chain = LibvirtChain(rig, "plain")
    chain.guest = LibvirtGuest(rig.libvirt, "plain", devices)
    before = rig.libvirt.definition("plain")
    rig.libvirt.virsh("start", "plain")
    os.chown("/dev/shm/lg-style", USER_ID, USER_ID)  # as such guides do
    chain.start_viewer()
    window = rig.display.wait_for_window(chain.viewer)
    wait_until(lambda: chain.stats().get("frames"), WAIT_S, "frames of the file are shown", chain.viewer.log)
    chain.guest.wait_serial("guest: console ready")
    assert chain.stats()["sink"] == "qmp", chain.stats()
    rig.display.focus(window)
    rig.display.type_line(window, "echo typed >/tmp/typed")
    wait_until(lambda: "typed" in chain.guest.run("cat /tmp/typed 2>/dev/null || true"), WAIT_S, "the line arrives in the guest", chain.viewer.log)
    chain.stop_viewer()
    rig.libvirt.virsh("destroy", "plain")
    assert rig.libvirt.definition("plain") == before
    rig.libvirt.virsh("undefine", "plain")


TESTS = [define_and_set_up, only_the_group_may_connect, view_starts_it, doctor_finds_nothing_wrong, no_name_is_needed, typing_goes_by_usb, pause_and_resume, daemon_restarted, reboot,
         destroy_and_start, asleep_until_a_key, undo, without_setup]  # fmt: skip
