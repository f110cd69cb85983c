"""What goes wrong says so in one line, and the domain is as it was."""


def no_such_domain(rig):
    result = rig.transom("setup", "no-such-domain", "--yes", check=False)
    assert result.returncode == 1 and "no such domain" in result.stderr and result.stderr.count("\n") == 1, result.stderr


TESTS = [no_such_domain]
