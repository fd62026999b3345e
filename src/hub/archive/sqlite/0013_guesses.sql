-- How many wrong one-time codes each network has tried since a time, so that no restart of the hub
-- lets anybody guess on.
create table guess (
    net text primary key,
    wrong integer not null,
    since_ms integer not null
) strict, without rowid;
create index guess_by_time on guess (since_ms);
