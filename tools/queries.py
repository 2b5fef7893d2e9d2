#!/usr/bin/env python3
"""Turns src/store/queries/*.sql into store/query_names.h (enum class Query) and store/statements.cc (their texts).

Usage: queries.py FOLDER OUT. Each statement stands below a line `-- name: user_by_name`; parameters are $1, $2, …
A file is only touched when its content changes, so an edit of one statement does not rebuild the world.
"""
import pathlib
import re
import sys

NAME = re.compile(r"^--\s*name:\s*([a-z][a-z0-9_]*)\s*$")


def statements(folder):
    seen, out = {}, []
    for path in sorted(pathlib.Path(folder).glob("*.sql")):
        name, lines = None, []

        def close():
            if name is None:
                return
            text = " ".join(" ".join(lines).split()).removesuffix(";").strip()
            numbers = {int(n) for n in re.findall(r"\$(\d+)", text)}
            if not text or ";" in text:
                sys.exit(f"{path}: {name} must be exactly one statement")
            if numbers != set(range(1, len(numbers) + 1)):
                sys.exit(f"{path}: {name} skips a parameter number")
            out.append((name, text, len(numbers)))

        for n, line in enumerate(path.read_text().splitlines(), 1):
            if m := NAME.match(line):
                close()
                name, lines = m[1], []
                if name in seen:
                    sys.exit(f"{path}:{n}: {name} stands in {seen[name]} already")
                seen[name] = path.name
                continue
            code = line.split("--")[0].rstrip()
            if code and name is None:
                sys.exit(f"{path}:{n}: a statement without `-- name: …` above it")
            lines.append(code)
        close()
    return out


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def main():
    folder, out = sys.argv[1], pathlib.Path(sys.argv[2])
    found = statements(folder)
    enum = "".join(f"  {name},\n" for name, _, _ in found)
    write(out / "query_names.h",
          "// Made by tools/queries.py from src/store/queries/*.sql.\n#pragma once\n\n#include <cstddef>\n#include <cstdint>\n\n"
          f"namespace countersign::store {{\n\nenum class Query : std::uint16_t {{\n{enum}}};\n\n"
          f"inline constexpr std::size_t kQueryCount = {len(found)};\n\n}}  // namespace countersign::store\n")
    rows = "".join(f'    {{"{name}", R"sql({text})sql", {count}}},\n' for name, text, count in found)
    write(out / "statements.cc",
          '// Made by tools/queries.py from src/store/queries/*.sql.\n#include "store/statements.h"\n\n'
          "namespace countersign::store {\n\nstd::span<const Statement, kQueryCount> statements() {\n"
          f"  static constexpr Statement kStatements[] = {{\n{rows}  }};\n  return kStatements;\n}}\n\n"
          "}  // namespace countersign::store\n")


if __name__ == "__main__":
    main()
