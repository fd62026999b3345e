-- What it takes to account for every event: how far each run came, what was refused, what is lost;
-- and times that are known between two limits.

alter table run add column kiosk text references kiosk (id);
alter table run add column taken integer not null default 0;
update run set kiosk = (select kiosk from event where event.run = run.id limit 1);
update run set taken = coalesce((select max(n) from event where event.run = run.id), 0);

alter table kiosk add column stored integer not null default 0;
alter table kiosk add column lost integer not null default 0;
alter table kiosk add column live_run blob;
-- How often a run spoke again after another one of the same kiosk did.
alter table kiosk add column returns integer not null default 0;
alter table kiosk add column wants_token integer not null default 0;
update kiosk set stored = (select count(*) from event where event.kiosk = kiosk.id);

-- Given out and not used yet; the one before it is good until it is.
alter table token add column is_next integer not null default 0;
-- The token that it takes the place of; none for one that came of an enrolment, which takes the
-- place of all.
alter table token add column follows blob;

alter table event add column earliest_ms integer;
alter table event add column latest_ms integer;
-- What later rules say of a press; what the kiosk said of it stays beside.
alter table event add column judged text;
alter table event add column judged_rule integer;
create index event_of_uncertain_time on event (kiosk) where is_exact = 0;

-- Runs after which another run of the same kiosk has spoken.
create table past_run (
    kiosk text not null references kiosk (id),
    run   blob not null,
    primary key (kiosk, run)
) strict, without rowid;

-- Events that could not be read, and are only named here.
create table refused (
    run         blob not null,
    n           integer not null,
    kiosk       text not null references kiosk (id),
    reason      text not null,
    received_ms integer not null,
    primary key (run, n)
) strict, without rowid;

-- What kiosks reported as lost; what arrived all the same is not.
create table lost (
    run     blob not null,
    first_n integer not null,
    last_n  integer not null,
    kiosk   text not null references kiosk (id),
    primary key (run, first_n)
) strict, without rowid;
