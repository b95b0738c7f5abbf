"""The template: each service's database with all its tables and no rows of its own, made once, copied often."""

import hashlib
import shutil
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from cloudlib import config, install
from cloudlib.layout import LAUNCHERS, Layout, read_json, write_json
from cloudlib.progress import say
from cloudlib.services import ALL


def ensure_template(layout: Layout, lock: int) -> None:
    """Make the databases, unless they are there and complete; the stamp inside is written last."""
    if read_json(layout.template / "template.json") == _fingerprint():
        return
    say("making the empty databases (once)")
    shutil.rmtree(layout.template, ignore_errors=True)
    (layout.template / "db").mkdir(parents=True)
    settings = config.Settings("template", "template", layout.template, layout.venv, "unused", keystone_port=1)
    for name, sections in config.files(settings).items():
        path = layout.template / "etc" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(config.render(sections), encoding="utf-8")
    environment = {**install.quiet_environment(layout), **config.environment(settings)}
    with ThreadPoolExecutor() as pool:
        for _ in pool.map(lambda command: install.run(command, environment, lock), _commands(layout)):
            pass
    for path in (layout.template / "db").iterdir():
        # Without a write-ahead log, readers lock writers out for longer than the services put up with.
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA journal_mode = WAL")
    write_json(layout.template / "template.json", _fingerprint())
    say("databases made")


def copy_template(layout: Layout, folder: Path) -> None:
    """Give the cloud in `folder` its own empty databases."""
    shutil.copytree(layout.template / "db", folder / "db")
    with closing(sqlite3.connect(folder / "db" / "nova_api.db")) as database:
        for cell in ("cell0", "cell1"):
            url = config.database_url(folder, f"nova_{cell}")
            database.execute("UPDATE cell_mappings SET database_connection = ? WHERE name = ?", (url, cell))
        database.commit()


def _commands(layout: Layout) -> list[Sequence[str]]:
    """The programs that make the tables; they have nothing in common and run side by side."""
    programs = layout.venv / "bin"
    python, folder = str(layout.python), layout.template
    etc = folder / "etc"
    return [
        [
            python,
            str(LAUNCHERS / "nova_tables.py"),
            "--config-file",
            f"{etc}/nova.conf",
            config.database_url(folder, "nova_cell0"),
            config.database_url(folder, "nova_cell1"),
        ],
        [python, f"{programs}/keystone-manage", "--config-file", f"{etc}/keystone.conf", "db_sync"],
        [python, f"{programs}/glance-manage", "--config-file", f"{etc}/glance-api.conf", "db_sync"],
        [python, f"{programs}/placement-manage", "--config-file", f"{etc}/placement.conf", "db", "sync"],
        [python, str(LAUNCHERS / "neutron_tables.py"), f"{folder}/db/neutron.db"],
    ]


def _fingerprint() -> dict[str, object]:
    launchers = hashlib.sha256()
    for path in sorted(LAUNCHERS.glob("*_tables.py")):
        launchers.update(path.read_bytes())
    return {"launchers": launchers.hexdigest(), "databases": [name for service in ALL for name in service.databases]}
