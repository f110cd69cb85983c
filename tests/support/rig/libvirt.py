"""A libvirt of our own: daemons in a mount namespace whose /run/libvirt, /var/lib/libvirt, /etc/libvirt, /run/transom and user list are ours,
so that the machine's own domains are neither seen nor touched. Needs root."""
import os
import pwd
import shutil
import subprocess
import sys

from .failure import CannotRun, StepFailed, wait_until

START_TIMEOUT_S = 90  # it asks every QEMU on the machine what it can do
MARK = "TRANSOM_PRIVATE_LIBVIRT"
PRIVATE_DIRECTORIES = ("/run/libvirt /var/lib/libvirt /var/log/libvirt /var/cache/libvirt /run/transom /var/lib/transom /dev/shm").split()
USER, USER_ID = "transom-test", 64998
GROUP_ID = 64997
SYSTEM = "qemu:///system"


def enter_namespace():
    """Runs this program again in namespaces of its own; returns only in there."""
    if os.environ.get(MARK):
        return
    if os.geteuid() != 0:
        raise CannotRun("needs root, for a mount namespace with a libvirt of its own")
    for tool in ("libvirtd", "virtlogd", "virsh", "unshare", "setpriv", "setfacl"):
        if not shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            raise CannotRun(f"{tool} is not installed")
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    enter = ["unshare", "--mount", "--propagation", "private"]
    if subprocess.run([*enter, "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        raise CannotRun("may not make a mount namespace (a container, or a chroot whose root is no mount point)")
    os.environ[MARK] = "1"
    sys.stdout.flush()
    os.execvp(enter[0], [*enter, sys.executable, *sys.argv])


def mount_own(directory, scratch):
    """An empty directory in place of this one, which may not exist on the machine."""
    if not os.path.isdir(directory):
        os.makedirs(directory)
        MADE.append(directory)
    own = os.path.join(scratch, directory.strip("/").replace("/", "-"))
    os.makedirs(own)
    os.chmod(own, 0o755)
    subprocess.run(["mount", "--bind", own, directory], check=True)


MADE = []


def replace_file(path, scratch, text):
    own = os.path.join(scratch, path.strip("/").replace("/", "-"))
    with open(own, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(own, os.stat(path).st_mode & 0o777)
    subprocess.run(["mount", "--bind", own, path], check=True)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def make_users(scratch):
    """An ordinary user who is in the groups that the package and libvirt ask for, and a second one who is in none."""
    passwd = read("/etc/passwd") + f"{USER}:x:{USER_ID}:{USER_ID}::{scratch}/home:/bin/sh\n"
    group = "".join(line + ("," if not line.endswith(":") else "") + USER + "\n" if line.startswith("libvirt:") else line + "\n"
                    for line in read("/etc/group").splitlines() if not line.startswith("transom:"))  # fmt: skip
    replace_file("/etc/passwd", scratch, passwd)
    replace_file("/etc/group", scratch, group + f"{USER}:x:{USER_ID}:\ntransom:x:{GROUP_ID}:{USER}\n")
    os.makedirs(f"{scratch}/home")
    os.chown(f"{scratch}/home", USER_ID, USER_ID)


def hide_kvm(scratch):
    """One that opens may still be of no use; and where libvirtd thinks of it otherwise than QEMU, it asks QEMU anew at every call."""
    if os.path.exists("/dev/kvm"):
        path = os.path.join(scratch, "no-kvm")
        with open(path, "w", encoding="ascii"):
            os.chmod(path, 0)
        subprocess.run(["mount", "--bind", path, "/dev/kvm"], check=True)


class Libvirt:
    def __init__(self, children, directory):
        self.children = children
        self.scratch = os.path.join(directory, "private")
        os.makedirs(self.scratch)
        os.chmod(directory, 0o755)
        for path in PRIVATE_DIRECTORIES:
            mount_own(path, self.scratch)
        os.chmod("/dev/shm", 0o1777)
        configuration = os.path.join(self.scratch, "etc-libvirt")
        shutil.copytree("/etc/libvirt", configuration, symlinks=True, ignore=shutil.ignore_patterns("*.xml"))
        subprocess.run(["mount", "--bind", configuration, "/etc/libvirt"], check=True)
        hide_kvm(self.scratch)
        make_users(self.scratch)
        with open("/etc/libvirt/libvirtd.conf", "w", encoding="utf-8") as file:
            file.write('unix_sock_group = "libvirt"\nunix_sock_rw_perms = "0770"\nauth_unix_rw = "none"\nauth_unix_ro = "none"\n')
        with open("/etc/libvirt/qemu.conf", "w", encoding="utf-8") as file:
            file.write("namespaces = []\n")  # it cannot move the /dev/kvm that we have hidden
        for path in ("qemu", "images", "boot"):
            os.makedirs(f"/var/lib/libvirt/{path}", exist_ok=True)
        self.qemu_user = pwd.getpwnam("libvirt-qemu").pw_uid
        self.start()

    def start(self):
        self.log_daemon = self.children.start("virtlogd", ["virtlogd", "--pid-file", "/run/libvirt/virtlogd.pid"])
        wait_until(lambda: os.path.exists("/run/libvirt/virtlogd-sock"), START_TIMEOUT_S, "virtlogd's socket", self.log_daemon.log)
        self.start_daemon()

    def start_daemon(self):
        self.daemon = self.children.start("libvirtd", ["libvirtd", "--pid-file", "/run/libvirt/libvirtd.pid"])
        wait_until(self.answers, START_TIMEOUT_S, "libvirtd answers", self.daemon.log)

    def answers(self):
        self.daemon.require_running()
        if not os.path.exists("/run/libvirt/libvirt-sock"):
            return False
        return subprocess.run(["virsh", "-c", SYSTEM, "version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0

    def virsh(self, *words, check=True):
        result = subprocess.run(["virsh", "-q", "-c", SYSTEM, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, timeout=120, check=False)  # fmt: skip
        if check and result.returncode != 0:
            raise StepFailed(f"virsh {words[0]}: {result.stderr.strip()}", self.daemon.log)
        return result.stdout

    def definition(self, domain):
        return self.virsh("dumpxml", "--inactive", "--security-info", domain)

    def state(self, domain):
        return self.virsh("domstate", domain).strip()

    def stop_domains(self):
        for name in self.virsh("list", "--name", check=False).split("\n"):
            if name.strip():
                self.virsh("destroy", name.strip(), check=False)


def forget_made():
    """The empty places that the mounts needed; they are the machine's, not the namespace's."""
    for path in reversed(MADE):
        subprocess.run(["umount", "-l", path], stderr=subprocess.DEVNULL, check=False)
        try:
            os.rmdir(path)
        except OSError:
            pass


def as_user(argv):
    """The command line that runs argv as the ordinary user."""
    return ["setpriv", f"--reuid={USER_ID}", f"--regid={USER_ID}", "--init-groups", *argv]
