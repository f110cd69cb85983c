"""SPICE, VNC, both, none, SPICE removed: the firmware's picture is seen in each, pixel by pixel, and undo gives back every byte."""
from rig.failure import StepFailed, wait_until

WAIT_S = 90
SPICE = "<graphics type='spice'><listen type='none'/></graphics>"
VNC = "<graphics type='vnc' passwd='secret7'><listen type='socket'/></graphics>"
DISPLAYS = {"spice": SPICE, "vnc": VNC, "both": SPICE + VNC, "none": "", "spice-removed": "<audio id='1' type='none'/>"}


def shows_firmware(rig, window, guest):
    """Text on a ground, the same in the window and in QEMU's dump."""
    truth = guest.screendump()
    return len(set(truth.pixels)) > 1 and rig.display.read_window(window).wrong_pixels(truth) == 0


def show(rig, name, devices, renderer="sdl"):
    """Without anything to boot, the firmware says so and rests."""
    chain, guest, before = rig.new_domain("display-" + name, devices, boot="<boot dev='hd'/>")
    assert "secret7" not in rig.transom("setup", chain.name, "--undo", "--dry-run").stdout
    chain.start_viewer("--start", renderer=renderer)
    window = rig.display.wait_for_window(chain.viewer)
    wait_until(lambda: chain.stats().get("fallback_frames"), WAIT_S, f"{name}: the emulated display is shown", chain.viewer.log)
    wait_until(lambda: shows_firmware(rig, window, guest), WAIT_S, f"{name}: the window shows QEMU's own picture", chain.viewer.log)
    chain.stop_viewer()
    rig.libvirt.virsh("destroy", chain.name)
    rig.transom("setup", chain.name, "--undo", "--yes")
    assert rig.libvirt.definition(chain.name) == before, f"{name}: undo is not byte for byte"
    rig.servers[chain.name].stop()


def firmware_by_vulkan(rig):
    """The frame thread presents, and the pixels are not the region's."""
    show(rig, "vulkan", VNC, renderer="vulkan")


def every_kind_of_display(rig):
    failures = []
    for name, devices in DISPLAYS.items():
        try:
            show(rig, name, devices)
        except (StepFailed, AssertionError) as failure:
            failures.append(str(failure))
    assert not failures, failures


TESTS = [every_kind_of_display, firmware_by_vulkan]
