-- What a rehearsal of a delivery stores and deletes again; numbered for ever, so that nobody takes
-- one rehearsal for another.
create table rehearsal (
    n       integer primary key autoincrement,
    content blob not null
) strict;
