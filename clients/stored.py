"""What lies in the database file beside a running server, read with SQL alone."""
import contextlib
import sqlite3

from harness import expect

EPOCH, PLACE = 16, 24  # bytes of a sealed row: its epoch's id; and with its number (docs/protocols/history.md)


def database(server):
    return contextlib.closing(sqlite3.connect(f"file:{server.data}/countersign.db?mode=ro", uri=True,
                                              isolation_level=None))


def places(server):
    """{epoch and number: sealed row} of all history. A number that stood twice in an epoch would be a nonce used twice."""
    found = {}
    with database(server) as rows:
        for sealed, in rows.execute("SELECT sealed FROM history"):
            expect(sealed[:PLACE] not in found, f"the epoch {sealed[:EPOCH].hex()} has a number twice")
            found[sealed[:PLACE]] = sealed
    return found


def epochs(server):
    """{id: (day, header)}; an id or a header that came twice would be an epoch used twice."""
    found = {}
    with database(server) as rows:
        for epoch, day, header in rows.execute("SELECT id, day, header FROM epochs"):
            expect(epoch not in found, f"the epoch {epoch.hex()} stands twice")
            found[epoch] = day, header
    return found
