"""Make neutron's tables from its models, as its own unit tests do: its migrations do not run on SQLite.

    python neutron_tables.py DATABASE_FILE
"""

import sys

import sqlalchemy
from neutron.db.migration.models import head

engine = sqlalchemy.create_engine(f"sqlite:///{sys.argv[1]}")
head.get_metadata().create_all(engine)
