"""login_duo and pam_duo as Debian has them: their configuration files, and what they show."""
import os
import pathlib
import pwd
import shutil

from harness import Skip, need_command, temporary_folder

CHOICE = r"passcode or option.*: *$|passcode.*: *$"  # the end of the prompt, waiting for an answer
NUMBER = r"enter (\d{3,6})\b"                        # the number to type, in a status line
LET_IN = "the-command-has-run"


def configuration(server, app, **options):
    """A configuration file as an administrator would write it; options override or add lines."""
    lines = {"host": server.host, "ikey": app["integration_key"], "skey": app["secret_key"], "cafile": server.ca,
             "failmode": "secure", **options}
    path = temporary_folder() / "duo.conf"
    path.write_text("[duo]\n" + "".join(f"{key} = {value}\n" for key, value in lines.items() if value is not None))
    path.chmod(0o600)
    return path


def login_duo():
    """The program; where we are not root, a copy without the set-uid bit, which then takes -c and -f."""
    installed = need_command("login_duo", "login-duo")
    shell = pwd.getpwuid(os.getuid()).pw_shell
    if shell.endswith(("/nologin", "/false")):
        raise Skip(f"login_duo runs the command with the shell of its user, and ours is {shell}")
    if os.geteuid() == 0:
        return installed
    copy = temporary_folder() / "login_duo"
    shutil.copyfile(installed, copy)
    copy.chmod(0o755)
    return str(copy)


def command(conf, user, *words):
    return [login_duo(), "-d", "-c", str(conf), "-f", user, "-h", "192.0.2.7", *(words or ("echo", LET_IN))]


def pam_module():
    for path in pathlib.Path("/").glob("lib/*/security/pam_duo.so"):
        return str(path)
    return None
