"""`measure.py FOLDER [KIND …]`: what building the crates of generate.py costs once their dependencies are built.

The seconds are those of processor time, which a busy machine changes little, for the crate alone and from scratch
(`incremental` off), the least of three; and for an edit of one tool (`incremental` on).
"""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

from generate import COUNTS


def cargo(crate, *arguments, **environment):
    """Runs cargo; the processor time of all that it started."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        ["cargo", *arguments],
        cwd=crate,
        check=True,
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def alone(crate, arguments):
    plain = {"CARGO_INCREMENTAL": "0"}
    cargo(crate, *arguments, **plain)
    seconds = []
    for _ in range(3):
        (crate / "src/main.rs").touch()
        seconds.append(cargo(crate, *arguments, **plain))
    return round(min(seconds), 2)


def edit(crate):
    source = crate / "src/main.rs"
    text = source.read_text()
    cargo(crate, "build", CARGO_INCREMENTAL="1")
    seconds = []
    for number in range(3):
        source.write_text(text.replace("tool 0 {", f"tool 0{number} {{"))
        seconds.append(cargo(crate, "build", CARGO_INCREMENTAL="1"))
    source.write_text(text)
    return round(min(seconds), 2)


def size(program):
    stripped = program.with_name("stripped")
    subprocess.run(["strip", "-o", stripped, program], check=True)
    return stripped.stat().st_size


def main(folder, kinds):
    for kind in kinds:
        os.environ["CARGO_TARGET_DIR"] = str(folder / f"target-{kind}")
        for count in COUNTS:
            crate = folder / f"{kind}-{count}"
            record = dict(kind=kind, tools=count, check=alone(crate, ["check"]), debug=alone(crate, ["build"]))
            record["edit"] = edit(crate)
            if count in (1, 100):
                record["release"] = alone(crate, ["build", "--release"])
                record["bytes"] = size(folder / f"target-{kind}/release/{kind}-{count}")
            print(json.dumps(record), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), sys.argv[2:] or ["ours", "by-hand", "with-schema", "rmcp"])
