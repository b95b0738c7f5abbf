#!/usr/bin/env python3
"""Install, start, disturb and stop two real OpenStack clouds on loopback. See README.md beside this file.

    python3 tests/clouds/clouds.py up --fresh
    python3 tests/clouds/clouds.py request --cloud CloudOne GET image /v2/images
    python3 tests/clouds/clouds.py down

Standard output is one JSON document; progress and errors go to standard error. Exit code 0 is success, 1 an error
that is explained, 2 a wrong command line.
"""

import argparse
import json
import sys
from pathlib import Path

if sys.version_info < (3, 11):
    sys.exit(f"python 3.11 or later is needed: this is {sys.version.split()[0]}")

from cloudlib import commands
from cloudlib.errors import CloudsError
from cloudlib.layout import SOURCE, Layout

DEFAULT_DIRECTORY = SOURCE.parent.parent / "target" / "clouds"


def main() -> int:
    """Run one subcommand."""
    arguments = _parser().parse_args()
    layout = Layout(Path(arguments.dir).resolve())
    try:
        document = arguments.run(layout, arguments)
    except CloudsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(json.dumps(document, indent=2))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="clouds.py", description=__doc__.split("\n")[0])
    subcommands = parser.add_subparsers(required=True, metavar="COMMAND")

    up = _subcommand(subcommands, "up", commands.up)
    up.add_argument("--name", action="append", metavar="NAME", help="a cloud to start; default CloudOne and CloudTwo")
    up.add_argument(
        "--services",
        default="keystone,glance,placement,neutron,nova",
        help="what a cloud that is made now will run, with what that needs; default %(default)s",
    )
    up.add_argument("--fresh", action="store_true", help="begin with empty clouds, whatever was there")

    for name, run in (("down", commands.down), ("status", commands.status)):
        subcommand = _subcommand(subcommands, name, run)
        subcommand.add_argument("--name", action="append", metavar="NAME", help="a cloud; default all")

    for name, run in (
        ("freeze", commands.freeze),
        ("thaw", commands.thaw),
        ("stop-service", commands.stop_service),
        ("start-service", commands.start_service),
    ):
        subcommand = _subcommand(subcommands, name, run)
        subcommand.add_argument("service", nargs="*", help="a name or type, such as glance or image; default all")
        subcommand.add_argument("--cloud", required=True, metavar="NAME")
        if name == "stop-service":
            subcommand.add_argument("--kill", action="store_true", help="kill -9, as where the power fails")

    request = _subcommand(subcommands, "request", commands.request)
    request.add_argument("method", help="GET, POST, …")
    request.add_argument("target", metavar="service", help="a name or type, such as glance or image")
    request.add_argument("path", help="from the root of the service; {project_id} and {user_id} are the admin's")
    request.add_argument("--cloud", required=True, metavar="NAME")
    request.add_argument(
        "--body", metavar="TEXT", help="the text itself, @FILE for a file's bytes, - for standard input"
    )
    request.add_argument("--header", action="append", default=[], metavar="NAME:VALUE")
    request.add_argument("--no-token", action="store_true", help="do not log in")
    request.add_argument("--user", help="log in as this user, not as admin")
    request.add_argument("--password-file", metavar="FILE", help="that user's password")
    request.add_argument("--project", default="admin", help="that user's project; default %(default)s")
    request.add_argument("--timeout", type=float, default=60.0, metavar="SECONDS")
    return parser


def _subcommand(subcommands: argparse._SubParsersAction, name: str, run: object) -> argparse.ArgumentParser:
    description = (run.__doc__ or "").strip()
    subcommand = subcommands.add_parser(name, help=description, description=description)
    subcommand.add_argument(
        "--dir", default=str(DEFAULT_DIRECTORY), help="where everything is kept; default %(default)s"
    )
    subcommand.set_defaults(run=run)
    return subcommand


if __name__ == "__main__":
    sys.exit(main())
