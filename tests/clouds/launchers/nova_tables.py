"""Make nova's databases: the tables of the API, of cell0 and of cell1, and the list of these two cells.

    python nova_tables.py --config-file nova.conf CELL0_URL CELL1_URL

The same as `nova-manage api_db sync`, `cell_v2 map_cell0`, `db sync` and `cell_v2 create_cell`, in one start.
"""

from nova import monkey_patch

monkey_patch.patch(backend="threading")

import sys

from nova import config, context, objects
from nova.db import migration
from nova.objects.cell_mapping import CellMapping


def _add_cell(uuid: str, name: str, transport_url: str, database_url: str) -> CellMapping:
    cell = CellMapping(
        context.get_admin_context(),
        uuid=uuid,
        name=name,
        transport_url=transport_url,
        database_connection=database_url,
        disabled=False,
    )
    cell.create()
    return cell


def main() -> None:
    """Make the three databases; they must not exist yet."""
    *options, cell0_url, cell1_url = sys.argv
    config.parse_args(options)
    objects.register_all()
    migration.db_sync(database="api")
    cell0 = _add_cell(CellMapping.CELL0_UUID, "cell0", "none:///", cell0_url)
    with context.target_cell(context.get_admin_context(), cell0) as cell0_context:
        migration.db_sync(context=cell0_context)
    migration.db_sync()
    _add_cell("c0000000-0000-4000-8000-000000000001", "cell1", "fake:///", cell1_url)


main()
