"""Watches a server's ledger from outside: every leaf ever seen is remembered, and each later state must continue it.

Reads the database file beside the running server, so that nothing depends on what the server chooses to show; hashes with
ledger/verify.py.
"""
import contextlib
import importlib.util
import io
import time

from harness import ROOT, Refused, expect, expect_equal
from stored import database

spec = importlib.util.spec_from_file_location("verify", ROOT / "clients/ledger/verify.py")
verify = importlib.util.module_from_spec(spec)
spec.loader.exec_module(verify)
GLOBAL = ""
PUBLISHED_S = 20


class Grown:
    """A tree as it was built from the leaves that were seen."""

    def __init__(self):
        self.tree, self.leaves, self.roots, self.signed = verify.Tree(), [], {0: verify.EMPTY_ROOT}, 0

    def append(self, entry):
        leaf = verify.leaf_hash(entry)
        self.tree.append(leaf)
        self.leaves.append(leaf)
        self.roots[self.tree.size] = self.tree.root()
        return leaf


class Watch:
    def __init__(self, server):
        self.server, self.trees = server, {}
        self.policy = verify.Policy(server.run("ledger", "policy", json_output=False).encode())

    def look(self):
        """Continues from what was seen last. Gives the new events: (tree, event)."""
        news = []
        with database(self.server) as rows:
            rows.execute("BEGIN")  # one snapshot
            for name, size, peaks in rows.execute("SELECT tree, size, peaks FROM ledger_trees").fetchall():
                grown = self.trees.setdefault(name, Grown())
                expect(size >= grown.tree.size, f"the tree {name!r} had {grown.tree.size} leaves and has {size}")
                for seq, entry, leaf in rows.execute("SELECT seq, entry, leaf FROM ledger_entries WHERE tree = ? AND "
                                                     "seq >= ? ORDER BY seq", (name, grown.tree.size)).fetchall():
                    expect_equal(seq, grown.tree.size, f"the number of the next leaf of {name!r}")
                    expect_equal(grown.append(entry.encode()), leaf, f"the hash of leaf {seq} of {name!r}")
                    if name != GLOBAL:
                        news.append((name, verify.read_event(entry.encode())))
                expect_equal(grown.tree.size, size, f"leaves of {name!r}")
                expect_equal(b"".join(grown.tree.peaks), peaks, f"{name!r} does not continue what was seen: its edge")
            for name, size, note in rows.execute("SELECT tree, size, note FROM checkpoints").fetchall():
                self.check_head(name, size, verify.Note.read(note))
        return news

    def check_head(self, name, size, note):
        """A signed head is of the tree that was seen, and no older than the last one."""
        grown, log = self.trees[name], self.policy.logs[0]
        head = verify.Checkpoint(note.text)
        note.signers([log if name == GLOBAL else log.named(f"{log.name}/tenant/{name}")])
        expect_equal(head.size, size, f"the size of the head of {name!r}")
        expect(size >= grown.signed, f"the signed head of {name!r} went back from {grown.signed} to {size}")
        expect_equal(head.root, grown.roots.get(size), f"the signed head of {name!r} at {size} is another tree's: its root")
        grown.signed = size

    def again(self):
        """Nothing of what was seen has changed since. Gives how many leaves there are."""
        with database(self.server) as rows:
            for name, grown in self.trees.items():
                there = [leaf for leaf, in rows.execute("SELECT leaf FROM ledger_entries WHERE tree = ? ORDER BY seq LIMIT ?",
                                                        (name, grown.tree.size))]
                expect(there == grown.leaves, f"leaves of {name!r} have changed")
        return sum(grown.tree.size for grown in self.trees.values())


def verified(server, tenant, folder, old=None):
    """The tenant's whole tree, exported and checked by verify.py. Gives the file of its checkpoint."""
    policy = folder.parent / f"{folder.name}.policy"
    policy.write_text(server.run("ledger", "policy", json_output=False))
    end = time.monotonic() + PUBLISHED_S
    while not (folder / "checkpoint").exists():
        try:
            server.run("ledger", "export", "--tenant", tenant, "--out", folder, json_output=False)
        except Refused as early:  # heads are published each second
            expect(early.code == 3 and time.monotonic() < end, early.text)
            time.sleep(0.2)
    with contextlib.redirect_stdout(io.StringIO()):
        verify.verify_tree(folder, verify.Policy(policy.read_bytes()), old and verify.read_checkpoint_file(old), False)
    return folder / "checkpoint"
