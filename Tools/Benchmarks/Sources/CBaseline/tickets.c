#include "baseline.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

struct baseline {
    sqlite3 *handle;
    sqlite3_stmt *insertion, *change, *begin, *commit;
    sqlite3_session *session;
    baseline_tracking tracking;
    const char *farewell;
};

#define INDEXES "CREATE INDEX ticket_state ON ticket (state); CREATE INDEX ticket_asset ON ticket (asset);"

static const char *const indexes = INDEXES;

// The pragmas are those of a replica.
static const char *const pragmas =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA cache_size = -16384;"
    "PRAGMA wal_autocheckpoint = 10000;";

static const char *const schema =
    "CREATE TABLE ticket ("
    " id BLOB NOT NULL PRIMARY KEY, title TEXT, body TEXT, state TEXT, asset TEXT, area TEXT, reporter TEXT,"
    " created INTEGER, updated INTEGER, due INTEGER"
    ") STRICT, WITHOUT ROWID;"
    INDEXES;

static const char *const triggers =
    "CREATE TABLE log ("
    " seq INTEGER PRIMARY KEY, verb INTEGER NOT NULL, id BLOB NOT NULL, title TEXT, body TEXT, state TEXT, asset TEXT,"
    " area TEXT, reporter TEXT, created INTEGER, updated INTEGER, due INTEGER"
    ") STRICT;"
    "CREATE TRIGGER log_insert AFTER INSERT ON ticket BEGIN"
    " INSERT INTO log VALUES (NULL, 0, new.id, new.title, new.body, new.state, new.asset, new.area, new.reporter,"
    "  new.created, new.updated, new.due);"
    "END;"
    "CREATE TRIGGER log_state AFTER UPDATE OF state ON ticket WHEN new.state IS NOT old.state BEGIN"
    " INSERT INTO log (verb, id, state) VALUES (1, new.id, new.state);"
    "END;";

static int run(baseline *database, const char *sql) {
    return sql == NULL || sqlite3_exec(database->handle, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static int prepare(baseline *database, const char *sql, sqlite3_stmt **statement) {
    return sqlite3_prepare_v3(database->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL) == SQLITE_OK;
}

static int prepare_all(baseline *database) {
    return prepare(database, "INSERT INTO ticket VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", &database->insertion)
        && prepare(database, "UPDATE ticket SET state = ? WHERE id = ?", &database->change)
        && prepare(database, "BEGIN IMMEDIATE", &database->begin)
        && prepare(database, "COMMIT", &database->commit);
}

static int load(baseline *database, const char *extension) {
    return extension == NULL
        || (sqlite3_db_config(database->handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, NULL) == SQLITE_OK
            && sqlite3_load_extension(database->handle, extension, NULL, NULL) == SQLITE_OK);
}

baseline *baseline_open(
    const char *path, baseline_tracking tracking, const char *extension, const char *setup, const char *farewell) {
    baseline *database = calloc(1, sizeof *database);
    database->tracking = tracking;
    database->farewell = farewell;
    int ready = sqlite3_open(path, &database->handle) == SQLITE_OK && run(database, pragmas)
        && load(database, extension) && run(database, schema) && run(database, setup)
        && run(database, tracking == BASELINE_TRIGGERS ? triggers : NULL) && prepare_all(database);
    if (ready) return database;
    baseline_close(database);
    return NULL;
}

baseline *baseline_reopen(const char *path) {
    baseline *database = calloc(1, sizeof *database);
    if (sqlite3_open(path, &database->handle) == SQLITE_OK && run(database, pragmas) && prepare_all(database)) {
        return database;
    }
    baseline_close(database);
    return NULL;
}

void baseline_close(baseline *database) {
    if (database->session) sqlite3session_delete(database->session);
    sqlite3_finalize(database->insertion);
    sqlite3_finalize(database->change);
    sqlite3_finalize(database->begin);
    sqlite3_finalize(database->commit);
    run(database, database->farewell);
    sqlite3_close(database->handle);
    free(database);
}

const char *baseline_error(const baseline *database) { return sqlite3_errmsg(database->handle); }

static int step(sqlite3_stmt *statement) {
    int done = sqlite3_step(statement) == SQLITE_DONE;
    return sqlite3_reset(statement) == SQLITE_OK && done;
}

// A session lives for one transaction, and its changeset is what a program would keep.
static int begin(baseline *database) {
    if (database->tracking == BASELINE_SESSION && !baseline_track(database)) return 0;
    return step(database->begin);
}

static int commit(baseline *database) {
    if (database->tracking == BASELINE_SESSION) {
        size_t bytes;
        void *changeset = baseline_changeset(database, &bytes);
        if (!changeset) return 0;
        baseline_free(changeset);
    }
    return step(database->commit);
}

static int insert_all(baseline *database, const baseline_ticket *tickets, size_t count, const char *texts) {
    sqlite3_stmt *insertion = database->insertion;
    for (size_t index = 0; index < count; index++) {
        const baseline_ticket *ticket = &tickets[index];
        sqlite3_bind_blob(insertion, 1, ticket->id, sizeof ticket->id, SQLITE_STATIC);
        for (int text = 0; text < BASELINE_TEXTS; text++) {
            uint32_t start = ticket->offsets[text];
            sqlite3_bind_text(
                insertion, text + 2, texts + start, (int)(ticket->offsets[text + 1] - start), SQLITE_STATIC);
        }
        for (int time = 0; time < BASELINE_TIMES; time++) {
            sqlite3_bind_int64(insertion, BASELINE_TEXTS + 2 + time, ticket->times[time]);
        }
        if (!step(insertion)) return 0;
    }
    return 1;
}

int baseline_insert(baseline *database, const baseline_ticket *tickets, size_t count, const char *texts) {
    return begin(database) && insert_all(database, tickets, count, texts) && commit(database);
}

int baseline_fill(baseline *database, const baseline_ticket *tickets, size_t count, const char *texts) {
    return begin(database) && run(database, "DROP INDEX ticket_state; DROP INDEX ticket_asset;")
        && insert_all(database, tickets, count, texts) && run(database, indexes) && commit(database);
}

int baseline_update(
    baseline *database, const baseline_ticket *tickets, const uint32_t *order, size_t count, const char *state) {
    sqlite3_stmt *change = database->change;
    int length = (int)strlen(state);
    if (!begin(database)) return 0;
    for (size_t index = 0; index < count; index++) {
        sqlite3_bind_text(change, 1, state, length, SQLITE_STATIC);
        sqlite3_bind_blob(change, 2, tickets[order[index]].id, 16, SQLITE_STATIC);
        if (!step(change)) return 0;
    }
    return commit(database);
}

int baseline_track(baseline *database) {
    return sqlite3session_create(database->handle, "main", &database->session) == SQLITE_OK
        && sqlite3session_attach(database->session, "ticket") == SQLITE_OK;
}

void *baseline_changeset(baseline *database, size_t *bytes) {
    int count = 0;
    void *changeset = NULL;
    int status = sqlite3session_changeset(database->session, &count, &changeset);
    sqlite3session_delete(database->session);
    database->session = NULL;
    *bytes = (size_t)count;
    return status == SQLITE_OK ? changeset : NULL;
}

void baseline_free(void *changeset) { sqlite3_free(changeset); }
