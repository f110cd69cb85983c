"""One domain from its definition to its undoing; the viewer is an ordinary user's and knows nothing but its name."""
import signal
import subprocess

from rig.chain import compare_at_rest
from rig.failure import wait_until
from rig.libvirt import as_user

NAME = "life"
WAIT_S = 90


def define_and_set_up(rig):
    rig.life, _, rig.life_before = rig.new_domain(NAME)
    after = rig.libvirt.definition(NAME)
    assert after != rig.life_before
    again = rig.transom("setup", NAME, "--yes", "--resolution", "1920x1080").stdout
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


def typing_goes_through_libvirt(rig):
    """No monitor of its own in the domain: keys go through the one that libvirt has."""
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


TESTS = [define_and_set_up, only_the_group_may_connect, view_starts_it, typing_goes_through_libvirt, pause_and_resume, daemon_restarted, reboot,
         destroy_and_start, undo]  # fmt: skip
