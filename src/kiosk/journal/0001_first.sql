-- The first schema. Never edited after a release: what changes gets a file of its own.

create table meta (
    key   text primary key,
    value integer not null
) strict, without rowid;

-- One life of the board's kernel.
create table boot (
    id   integer primary key,
    uuid blob not null unique
) strict;

-- What was known of a boot's time, and whether the hub has been told.
create table anchor (
    id       integer primary key,
    boot     integer not null references boot (id),
    boot_ms  integer not null,
    utc_ms   integer not null,
    error_ms integer not null,
    source   text not null,
    is_told  integer not null default 0
) strict;

-- One life of the kiosk process. `taken` is filled in when the next run begins; `settled_n` is the
-- number up to which every event of the run is settled or set aside.
create table run (
    id        integer primary key,
    uuid      blob not null unique,
    boot      integer not null references boot (id),
    taken     integer not null default 0,
    settled_n integer not null default 0
) strict;

create table question (
    id       integer primary key,
    name     text not null,
    version  integer not null,
    language text not null,
    unique (name, version, language)
) strict;

-- The hot table: one row and one commit for each press, and no index beside the row number, which
-- is local order and never identity.
create table event (
    row         integer primary key,
    run         integer not null references run (id),
    n           integer not null,
    boot_ms     integer not null,
    wall_ms     integer not null,
    score       integer not null,
    scale       integer not null,
    input       integer not null,
    question    integer not null references question (id),
    misuse      text,
    misuse_rule integer,
    replaces    integer,
    crc         integer not null
) strict;

-- What the hub or the kiosk could not use; the event itself stays where it is.
create table set_aside (
    run    integer not null references run (id),
    n      integer not null,
    reason text not null,
    primary key (run, n)
) strict, without rowid;
