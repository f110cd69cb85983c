#!/usr/bin/env python3
"""cppcheck over guest/: what a compiler does not say of code that runs where we cannot look.

usage: check_cppcheck.py [ROOT]
Exit status 77: cppcheck is not installed.
"""

import os
import shutil
import subprocess
import sys

import source_tree

# Each with its reason; a fault that is none stands in the code itself, behind the line: cppcheck-suppress.
OPTIONS = [
    "--enable=warning,performance,portability",
    "--std=c11",
    "--quiet",
    "--inline-suppr",
    "--template={file}:{line}: {message} [{id}]",
]


def check(root):
    """Each system's files with that system's names: nobody includes Windows' headers here, so its types stay unknown, which is fine."""
    found = []
    for define, part in (("_WIN32", "guest/windows"), ("__linux__", "guest/linux"), ("__linux__", "guest/core")):
        path = os.path.join(root, part)
        if not os.path.isdir(path):
            continue
        command = ["cppcheck", *OPTIONS, f"-D{define}", f"-I{root}", path]
        output = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False).stderr
        found += [os.path.relpath(line, root) if line.startswith(root) else line for line in output.splitlines() if line.strip()]
    return found


if __name__ == "__main__":
    if not shutil.which("cppcheck"):
        print("cppcheck is not installed")
        sys.exit(77)
    sys.exit(source_tree.main("check_cppcheck", check))
