"""Let transactions that write wait for each other on SQLite, instead of failing with `database is locked`.

A transaction that begins plainly and reads first cannot write once another one has written: SQLite refuses at once,
whatever the timeout. Servers with a lock for each row have no such case, and so the services do not expect it. One
that says at its beginning that it will write waits its turn. oslo.db knows which transactions write; importing this
module, before the services are imported, hands that knowledge to SQLite:

    a transaction that reads:  BEGIN      a transaction that writes:  BEGIN   ->   BEGIN IMMEDIATE
"""

from typing import Any

import sqlalchemy
from oslo_db.sqlalchemy import enginefacade

_Factory = enginefacade._AbstractTransactionFactory
_WRITER = enginefacade._WRITER
_plain_connection = _Factory._create_connection
_plain_session = _Factory._create_session


def _create_connection(factory: Any, mode: Any) -> Any:
    if mode is not _WRITER:
        return _plain_connection(factory, mode)
    return _writer_engine(factory).connect()


def _create_session(factory: Any, mode: Any, bind: Any = None) -> Any:
    if mode is not _WRITER or bind:
        return _plain_session(factory, mode, bind)
    return _plain_session(factory, mode, _writer_engine(factory))


def _writer_engine(factory: Any) -> sqlalchemy.Engine:
    return factory.get_writer_engine().execution_options(is_writer=True)


# Being on the class, this listener comes before oslo.db's own, which does nothing for a connection in a transaction.
@sqlalchemy.event.listens_for(sqlalchemy.Engine, "begin")
def _begin_immediately(connection: sqlalchemy.Connection) -> None:
    if connection.get_execution_options().get("is_writer") and "in_transaction" not in connection.info:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        connection.info["in_transaction"] = True


_Factory._create_connection = _create_connection
_Factory._create_session = _create_session
