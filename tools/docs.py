#!/usr/bin/env python3
"""Checks that what the documents point to is there: relative links, and the headings they name."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.M | re.S)


def anchors(text):
    """The fragment names of a document's headings, made as forges make them."""
    names = set()
    for heading in re.findall(r"^#+ +(.+?) *#*$", text, re.M):
        plain = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower())
        names.add(plain.replace(" ", "-"))
    return names


def broken(path):
    text = FENCE.sub("", path.read_text())
    for target in LINK.findall(text):
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        file, _, fragment = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        if not there.exists():
            yield f"{target}: no such file"
        elif fragment and there.suffix == ".md" and fragment not in anchors(FENCE.sub("", there.read_text())):
            yield f"{target}: no such heading"


def main():
    pages = sorted(p for p in ROOT.glob("*.md")) + sorted((ROOT / "docs").rglob("*.md"))
    bad = [f"{page.relative_to(ROOT)}: {what}" for page in pages for what in broken(page)]
    print("\n".join(bad + [f"{len(pages)} pages, {len(bad)} broken links"]))
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
