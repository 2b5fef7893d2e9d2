"""A PostgreSQL cluster of our own: in a folder given, on a loopback port, stopped again by its own process id."""
import contextlib
import os
import pathlib
import pwd
import signal
import socket
import subprocess
import time

START_LIMIT_S = 30


class Missing(Exception):
    """PostgreSQL's server programs are not on this machine."""


def binaries():
    for folder in sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    raise Missing("initdb is not here (Debian package postgresql)")


def _as_owner():
    """PostgreSQL refuses to run as root: the words that make a command another user's, and that user."""
    if os.geteuid() != 0:
        return [], None
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"], pwd.getpwnam("postgres")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Cluster:
    def __init__(self, folder):
        self.folder, self.port, self.process = pathlib.Path(folder), free_port(), None
        self.words, owner = _as_owner()
        self.url = f"postgresql://countersign@127.0.0.1:{self.port}/postgres"
        if (self.folder / "PG_VERSION").exists():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        if owner:
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        subprocess.run([*self.words, binaries() / "initdb", "-D", self.folder, "-U", "countersign", "-A", "trust",
                        "--no-locale", "-E", "UTF8"], check=True, stdout=subprocess.DEVNULL, cwd="/")

    def start(self):
        command = [*self.words, binaries() / "postgres", "-D", self.folder, "-p", str(self.port), "-h", "127.0.0.1",
                   "-k", "", "-c", "max_connections=100"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
        end = time.monotonic() + START_LIMIT_S
        while time.monotonic() < end:
            ready = subprocess.run([binaries() / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)], check=False)
            if ready.returncode == 0:
                return self
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError(f"PostgreSQL in {self.folder} did not start")

    def kill(self):
        """Like a power cut: no more process, nothing tidied."""
        self._end(signal.SIGKILL)

    def stop(self):
        self._end(signal.SIGINT)

    def _end(self, how):
        if self.process:
            self.process.send_signal(how)
            self.process.wait(30)
            self.process = None
            (self.folder / "postmaster.pid").unlink(missing_ok=True)


@contextlib.contextmanager
def running(folder):
    """The URL of a cluster that runs while the block does; the folder stays."""
    cluster = Cluster(folder).start()
    try:
        yield cluster.url
    finally:
        cluster.stop()
