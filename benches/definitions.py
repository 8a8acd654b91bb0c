"""`definitions.py PROGRAM`: how long `tools --json` takes with 200 tools, from the start of the process to its end.

Beside it stands the same with one tool, which is what starting a process and linking it costs.
"""

import os
import statistics
import subprocess
import sys
import time

RUNS = 50


def milliseconds(program: str, others: int) -> float:
    """Of one run, with so many tools besides the program's own."""
    environment = {"TOOLS": str(others), "PATH": os.environ["PATH"]}
    start = time.perf_counter()
    subprocess.run([program, "tools", "--json"], env=environment, stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - start) * 1000


def main() -> None:
    program = sys.argv[1]
    # In turns, so that a slow spell of the machine falls on both.
    runs = [(milliseconds(program, 0), milliseconds(program, 199)) for _ in range(RUNS)]
    for name, column in [("1 tool", 0), ("200 tools", 1)]:
        times = sorted(run[column] for run in runs)
        print(f"tools --json, {name}: median {statistics.median(times):.1f} ms, slowest {times[-1]:.1f} ms of {RUNS}")


if __name__ == "__main__":
    main()
