"""Our small guest as a domain of libvirt, as a user's tools would have written it: nothing of ours in its XML."""
import contextlib
import json
import os
import shutil
import time

from .failure import StepFailed
from .guest import Guest
from .pictures import parse_ppm

SHARED = "/var/lib/libvirt/guest"  # private to the test, see rig.libvirt

DOMAIN = """<domain type='qemu'>
  <name>{name}</name>
  <memory unit='MiB'>512</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    {boot}
  </os>
  <features><acpi/></features>
  <cpu mode='maximum'/>
  <on_reboot>restart</on_reboot>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <input type='keyboard' bus='virtio'/>
    <input type='tablet' bus='virtio'/>
    <serial type='file'><source path='{shared}/{name}.log'/></serial>
    <serial type='unix'><source mode='bind' path='{shared}/{name}.sock'/></serial>
    {devices}
    <video><model type='bochs'/></video>
  </devices>
</domain>
"""


LINUX = f"""<kernel>{SHARED}/kernel</kernel>
    <initrd>{SHARED}/initrd</initrd>
    <cmdline>console=ttyS0 quiet panic=1 video=1280x800</cmdline>"""


def install_image(image):
    """Where QEMU's user can read it."""
    os.makedirs(SHARED, exist_ok=True)
    os.chmod(SHARED, 0o777)
    for part in ("kernel", "initrd"):
        shutil.copy(image[part], f"{SHARED}/{part}")
        os.chmod(f"{SHARED}/{part}", 0o644)


class LibvirtGuest(Guest):
    def __init__(self, libvirt, name, devices="", boot=LINUX):
        self.libvirt = libvirt
        self.name = name
        self.directory = SHARED
        self.serial = f"{SHARED}/{name}.log"
        self.control_socket = f"{SHARED}/{name}.sock"
        self.control = None
        self.commands = 0
        self.started_s = time.monotonic()
        path = f"{SHARED}/{name}.xml"
        with open(path, "w", encoding="utf-8") as file:
            file.write(DOMAIN.format(name=name, shared=SHARED, devices=devices, boot=boot))
        libvirt.virsh("define", path)

    @property
    def qemu(self):
        """Whose end is the guest's, as far as we started it."""
        return self.libvirt.daemon

    def forget_control(self):
        if self.control:
            self.control.close()
        self.control = None

    def screendump(self):
        path = f"{SHARED}/{self.name}.ppm"
        command = json.dumps({"execute": "screendump", "arguments": {"filename": path}})
        answer = json.loads(self.libvirt.virsh("qemu-monitor-command", self.name, command))
        if "error" in answer:
            raise StepFailed(f"screendump: {answer['error']['desc']}")
        with open(path, "rb") as file:
            data = file.read()
        os.unlink(path)
        return parse_ppm(data)

    def paused(self):
        """The viewer would see a pause and say so over the picture; a guest at rest need not be held."""
        return contextlib.nullcontext()
