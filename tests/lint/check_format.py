#!/usr/bin/env python3
"""clang-format has nothing to say. Versions differ in taste, so only the one that the tree is formatted with judges; without it: 77.

usage: check_format.py [ROOT]
"""

import os
import re
import shutil
import subprocess
import sys

import source_tree

MAJOR = 14  # Debian 12's


def find_formatter():
    for name in (f"clang-format-{MAJOR}", "clang-format"):
        program = shutil.which(name)
        if not program:
            continue
        version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
        match = re.search(r"version (\d+)", version)
        if match and int(match.group(1)) == MAJOR:
            return program
    return None


def check(root):
    paths = [os.path.join(root, path) for path in source_tree.files(root, ".c", ".h")]
    if not paths:
        return []
    result = subprocess.run([find_formatter(), "--dry-run", "-Werror", *paths], capture_output=True, text=True)
    faults = [line for line in result.stderr.split("\n") if " error: " in line]
    return faults if result.returncode == 0 or faults else [result.stderr.strip() or f"clang-format: exit status {result.returncode}"]


if __name__ == "__main__":
    if not find_formatter():
        print(f"check_format: no clang-format {MAJOR} here")
        sys.exit(77)
    sys.exit(source_tree.main("check_format", check))
