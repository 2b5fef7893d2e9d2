#!/usr/bin/env python3
"""bench/incident.py in small: what a stolen credential read of 2,000 tenants is named exactly, and what a supplier had in
a month, 400,000 messages, with a list of half of them (6 MB); bundles verify, the thief is stopped by the default
budgets, and each flipped or dropped leaf of the ledger is found."""
# limit: 600 s
import os
import pathlib
import subprocess
import sys

from harness import ROOT, Skip, check, expect, main, program, temporary_folder

SIZES = ("--tenants", 2_000, "--messages", 400_000, "--reads", 20_000, "--stolen", 20, "--every", 1)


@check("an incident among 2,000 tenants is told exactly as it was")
def _():
    seed = pathlib.Path(program()).parent / "bench/incident_seed"
    if not os.access(seed, os.X_OK):
        raise Skip(f"{seed} is not there (make test builds it)")
    command = [sys.executable, ROOT / "bench/incident.py", *SIZES, "--folder", temporary_folder() / "incident"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=580,
                          env=dict(os.environ, INCIDENT_SEED=str(seed)))
    expect(done.returncode == 0, done.stdout + done.stderr)
    expect(done.stdout.count("exactly the truth") >= 10, f"not all was compared: {done.stdout}")


main()
