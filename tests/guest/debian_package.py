"""Gets Debian packages into the cache without installing them: name, version, download, unpack."""
import os
import shutil
import subprocess
import sys
import tempfile

ENVIRONMENT = dict(os.environ, LC_ALL="C")
NO_APT_HINT = "without apt-get, put Debian 12's %s .deb file into a directory and name that directory in TRANSOM_GUEST_DEBS"


def progress(text):
    print(f"guest image: {text}", file=sys.stderr, flush=True)


def output(*command):
    return subprocess.run(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout


def apt_field(name, command, label):
    """The first `label: value` that apt-cache prints about `name`; None when it knows nothing."""
    for line in output("apt-cache", command, name).splitlines():
        if line.strip().startswith(label):
            value = line.split(":", 1)[1].strip()
            return None if value == "(none)" else value
    return None


def refresh_lists():
    command = ["apt-get", "update", "-q"]
    if os.geteuid() != 0:
        command.insert(0, "sudo")
    progress("refreshing apt's lists")
    subprocess.run(command, env=ENVIRONMENT, stdout=sys.stderr, check=False)


def kernel_package():
    """linux-image-amd64 is only a pointer: the package that it depends on holds the kernel. None when apt cannot say."""
    return apt_field("linux-image-amd64", "depends", "Depends:")


def version(name):
    return apt_field(name, "policy", "Candidate:")


def given_file(name):
    """A .deb that the user put into TRANSOM_GUEST_DEBS."""
    directory = os.environ.get("TRANSOM_GUEST_DEBS", "")
    matches = sorted(f for f in os.listdir(directory) if f.startswith(name) and f.endswith(".deb")) if directory else []
    return os.path.join(directory, matches[-1]) if matches else None


def download(name, directory):
    file = given_file(name)
    if file:
        return file
    if not shutil.which("apt-get"):
        raise RuntimeError(NO_APT_HINT % name)
    progress(f"downloading {name} {version(name)}")
    # apt's own sandbox user cannot write into a user's directory; as root, apt says so and carries on.
    result = subprocess.run(["apt-get", "download", "-q", name], cwd=directory, env=ENVIRONMENT, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, check=False)
    files = [f for f in os.listdir(directory) if f.startswith(name) and f.endswith(".deb")]
    if result.returncode != 0 or not files:
        raise RuntimeError(f"cannot download {name}: {result.stdout.strip().splitlines()[-1:]}; is there a network?")
    return os.path.join(directory, files[0])


def unpack(file, directory):
    os.makedirs(directory, exist_ok=True)
    if shutil.which("dpkg-deb"):
        subprocess.run(["dpkg-deb", "-x", file, directory], check=True)
        return
    # A .deb is an `ar` archive with a compressed tar inside.
    member = next(m for m in output("ar", "t", file).split() if m.startswith("data.tar"))
    archive = subprocess.run(["ar", "p", file, member], stdout=subprocess.PIPE, check=True).stdout
    with tempfile.NamedTemporaryFile(suffix=member) as data:
        data.write(archive)
        data.flush()
        subprocess.run(["tar", "-xf", data.name, "-C", directory], check=True)
