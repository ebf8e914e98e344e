/// What the library is compared with: the least that SQLite, its session extension and ZeroMQ need for the same work.
#pragma once

#include <stddef.h>
#include <stdint.h>

// MARK: - Tickets

/// Texts of a ticket: title, body, state, asset, area, reporter.
#define BASELINE_TEXTS 6
/// Times of a ticket: created, updated, due.
#define BASELINE_TIMES 3

typedef struct {
    uint8_t id[16];
    /// Where each text begins in the texts of all tickets; the last is where the sixth ends.
    uint32_t offsets[BASELINE_TEXTS + 1];
    int64_t times[BASELINE_TIMES];
} baseline_ticket;

// MARK: - Tables in SQLite

/// How changes are kept track of, beside the rows.
typedef enum {
    /// Not at all.
    BASELINE_PLAIN,
    /// Triggers copy what changes into a log table.
    BASELINE_TRIGGERS,
    /// SQLite's session extension makes a changeset of every transaction.
    BASELINE_SESSION,
} baseline_tracking;

typedef struct baseline baseline;

/// Opens a database with an empty ticket table; NULL when that fails.
///
/// `extension` names a loadable extension, and `setup` the statements that have it track the table; both may be NULL.
baseline *baseline_open(
    const char *path, baseline_tracking tracking, const char *extension, const char *setup, const char *farewell);
/// Opens a database with tickets that was made before.
baseline *baseline_reopen(const char *path);
/// Closes it, which copies everything into the main file.
void baseline_close(baseline *database);
/// What went wrong last.
const char *baseline_error(const baseline *database);

/// Fills an empty table in one transaction, its indexes built last; 0 when that failed.
int baseline_fill(baseline *database, const baseline_ticket *tickets, size_t count, const char *texts);
/// Inserts tickets in one transaction; 0 when that failed.
int baseline_insert(baseline *database, const baseline_ticket *tickets, size_t count, const char *texts);
/// Sets the state of tickets, a column with an index, in one transaction, in the order given; 0 when that failed.
int baseline_update(
    baseline *database, const baseline_ticket *tickets, const uint32_t *order, size_t count, const char *state);

/// Begins to track changes until `baseline_changeset`.
int baseline_track(baseline *database);
/// The changeset of everything since `baseline_track`, to be freed by `baseline_free`; NULL when that failed.
void *baseline_changeset(baseline *database, size_t *bytes);
void baseline_free(void *changeset);

// MARK: - Compression

/// Bytes of a Zstandard frame; 0 when it cannot be made.
size_t baseline_compressed(const void *bytes, size_t count, int level);
/// The versions of the libraries, for the report.
const char *baseline_versions(void);

// MARK: - Replication of single tickets

/// A commit here, a message over CURVE, a commit there, and a reply.
typedef struct baseline_relay baseline_relay;

/// Begins with two databases in a folder, one of them on a thread of its own; NULL when that fails.
baseline_relay *baseline_relay_start(const char *folder);
/// Commits a ticket at both ends; 0 when that failed.
int baseline_relay_send(baseline_relay *relay, const baseline_ticket *ticket, const char *texts);
void baseline_relay_stop(baseline_relay *relay);
