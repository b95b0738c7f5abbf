#!/usr/bin/env python3
"""Measures `scope` on generated programs: `measure.py --scope target/release/scope fleet chain --sizes 1000 10000`.

In: the binary, shapes of `generate.py`, sizes, commands. Out: one table a command, as Markdown: for each shape and size
the CPU seconds (user and system, the least of the rounds), how much more than the size before, and the peak memory; with
`--instructions` the instructions that callgrind counts, which a busy machine does not change. The sizes are run one
after the other in each round, so that a machine that is busy for a while is so for all of them.
"""

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
COMMANDS = {
    "check": ["check", "--simulate"],
    "build": ["build", "--simulate", "--out", "{folder}/plan.json"],
    "plan": ["plan", "--simulate"],
    "run": ["run", "--simulate"],
    "run-plan": ["run", "{folder}/plan.json", "--simulate"],
}


def program(folder, shape, n, sites):
    path = os.path.join(folder, f"{shape}-{n}.scope")
    if not os.path.exists(path):
        with open(path, "w") as out:
            subprocess.run([sys.executable, os.path.join(HERE, "generate.py"), shape, str(n), "--sites", str(sites)], stdout=out, check=True)
    return path


def once(words, limit):
    """CPU seconds, peak MiB and exit code of a command; None where it did not end within the limit."""
    pid = os.fork()
    if pid == 0:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        os.execv(words[0], words)
    _, status, usage = os.wait4(pid, 0)
    if os.WIFSIGNALED(status):
        return None
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, os.WEXITSTATUS(status)


def instructions(words):
    with tempfile.NamedTemporaryFile() as out:
        said = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out.name}", *words],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        ).stderr
    found = re.search(r"Collected : (\d+)", said)
    return int(found[1]) / 1e6 if found else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shapes", nargs="+")
    parser.add_argument("--scope", required=True)
    parser.add_argument("--sizes", nargs="+", type=int, default=[1000, 10000, 100000])
    parser.add_argument("--commands", nargs="+", default=["check", "build", "plan", "run"], choices=COMMANDS)
    parser.add_argument("--sites", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--limit", type=int, default=120, help="CPU seconds after which a command is stopped")
    parser.add_argument("--instructions", action="store_true")
    parser.add_argument("--folder", default=os.path.join(tempfile.gettempdir(), "scope-benches"))
    arguments = parser.parse_args()
    os.makedirs(arguments.folder, exist_ok=True)
    unit = "M instructions" if arguments.instructions else "CPU s, peak MiB"
    for command in arguments.commands:
        print(f"\n`scope {command}` ({unit})\n")
        print("| shape |" + "".join(f" {n} |" for n in arguments.sizes))
        print("|---|" + "---|" * len(arguments.sizes))
        for shape in arguments.shapes:
            best = {}
            for _ in range(1 if arguments.instructions else arguments.rounds):
                for n in arguments.sizes:
                    if n in best and best[n] is None:
                        continue
                    path = program(arguments.folder, shape, n, arguments.sites)
                    words = [word.format(folder=arguments.folder) for word in COMMANDS[command]]
                    if command != "run-plan":
                        words.append(path)
                    words = [arguments.scope, *words]
                    if arguments.instructions:
                        counted = instructions(words)
                        best[n] = counted and (counted, 0, 0)
                        continue
                    measured = once(words, arguments.limit)
                    best[n] = measured if measured is None or n not in best else min(best[n], measured)
            cells, before = [], None
            for n in arguments.sizes:
                if best[n] is None:
                    cells.append(f"stopped at {arguments.limit}")
                    before = None
                    continue
                value, memory, code = best[n]
                growth = f" ×{value / before:.1f}" if before else ""
                memory = "" if arguments.instructions else f", {memory:.0f}"
                failed = f", exit {code}" if code else ""
                cells.append((f"{value:.0f}" if arguments.instructions else f"{value:.2f}") + growth + memory + failed)
                before = value
            print(f"| {shape} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
