"""Dagster's SQLite event log with its connections kept: a refresh writes two thousand events.

Belongs here: the storage class that ``dagster.yaml`` names. Stays out: what the events say. Dagster's own class makes
an engine, a connection and a wait for the disk for every event, which is a quarter of the time of a small refresh.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._serdes import ConfigurableClassData

BUSY_SECONDS = 30

KEPT_FILES = 8
"""Files kept open: every run has its own, and the web server may read hundreds of runs."""


class KeptSqliteEventLogStorage(SqliteEventLogStorage):
    """The same files, tables and rows as Dagster's class; only the connections live longer.

    In its write-ahead log SQLite loses no committed event when the process dies, and with ``synchronous = normal`` at
    most the last events when the machine does; the file stays whole either way.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, sa.Engine] = OrderedDict()
        self._tables: set[str] = set()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "KeptSqliteEventLogStorage":
        """The storage over the folder ``base_dir`` of the instance file."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[sa.Connection]:
        with self._db_lock:
            engine = self._engines.get(shard)
            if engine is None:
                engine = self._engines[shard] = self._engine(shard)
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            self._engines.move_to_end(shard)
            while len(self._engines) > KEPT_FILES:
                self._engines.popitem(last=False)[1].dispose()
            with engine.begin() as connection:
                yield connection

    def _engine(self, shard: str) -> sa.Engine:
        engine = sa.create_engine(
            self.conn_string_for_shard(shard),
            poolclass=sa.pool.QueuePool,
            pool_size=1,
            connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        )
        sa.event.listen(engine, "connect", _settle)
        return engine

    def has_table(self, table_name: str) -> bool:
        """Whether the index has this table; asked before every check's event, and a table never goes away."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def wipe(self) -> None:
        """Delete every event. The files are closed first: a kept connection would write to one that is gone."""
        self._close()
        super().wipe()

    def dispose(self) -> None:
        """Close every connection; the next event opens a new one."""
        super().dispose()
        self._close()

    def _close(self) -> None:
        with self._db_lock:
            for engine in self._engines.values():
                engine.dispose()
            self._engines.clear()
            self._tables.clear()


def _settle(connection: Any, _record: Any) -> None:
    connection.execute("pragma synchronous = normal")
