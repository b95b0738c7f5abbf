"""Make neutron's tables from its models, as its own unit tests do: its migrations do not run on SQLite.

    python neutron_tables.py DATABASE_FILE

One of those migrations also writes rows, the rules that each new security group begins with; so does this.
"""

import sys

import sqlalchemy
from neutron.db.migration.models import head
from neutron.db.models.securitygroup_default_rules import SecurityGroupDefaultRule
from sqlalchemy.orm import Session


def _first_rules() -> list[SecurityGroupDefaultRule]:
    """All traffic may leave; into the default group comes what its own members send."""
    rules = []
    for ethertype in ("IPv4", "IPv6"):
        outgoing = {"direction": "egress", "used_in_non_default_sg": True}
        incoming = {"direction": "ingress", "used_in_non_default_sg": False, "remote_group_id": "PARENT"}
        for rule in (outgoing, incoming):
            rules.append(SecurityGroupDefaultRule(ethertype=ethertype, used_in_default_sg=True, **rule))
    return rules


def main() -> None:
    """Make the database; the file must not hold a half-made one."""
    engine = sqlalchemy.create_engine(f"sqlite:///{sys.argv[1]}")
    head.get_metadata().create_all(engine)
    with Session(engine) as session:
        session.add_all(_first_rules())
        session.commit()


main()
