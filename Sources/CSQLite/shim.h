// What Swift cannot call: SQLite configures a connection by a function of variable arguments.
#ifndef GEMBA_CSQLITE_SHIM_H
#define GEMBA_CSQLITE_SHIM_H

typedef struct sqlite3 sqlite3;
int sqlite3_db_config(sqlite3 *, int operation, ...);

// SQLITE_DBCONFIG_ENABLE_TRIGGER, off: triggers of this connection do not fire.
static inline int gemba_sqlite_disable_triggers(sqlite3 *connection) {
    return sqlite3_db_config(connection, 1003, 0, (int *)0);
}

#endif
