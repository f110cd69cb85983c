"""What the lint scripts share: which files there are, and how violations are told."""

import fnmatch
import os
import sys

SKIPPED = {"build", ".git", ".cache", "__pycache__"}  # .git is a file in a second worktree


def files(root, *suffixes):
    """Paths relative to root, sorted; with '/' on every system. Nothing that is built or cached."""
    found = []
    for directory, subdirectories, names in os.walk(root):
        subdirectories[:] = sorted(d for d in subdirectories if d not in SKIPPED)
        for name in names:
            if name not in SKIPPED and (not suffixes or name.endswith(suffixes)):
                found.append(os.path.relpath(os.path.join(directory, name), root).replace(os.sep, "/"))
    return sorted(found)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", newline="") as file:
        return file.read()


def matches(path, patterns):
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def report(name, violations):
    """Prints `file:line: what` for each and returns the exit status."""
    for violation in violations:
        print(violation)
    print(f"{name}: {len(violations)} violation(s)" if violations else f"{name}: fine")
    return 1 if violations else 0


def main(name, check):
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..", "..")
    return report(name, check(os.path.abspath(root)))
