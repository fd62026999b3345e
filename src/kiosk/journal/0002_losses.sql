-- Events of other kinds than ratings, losses first; and what must survive a bit that flips.
--
-- `kind` is null for a rating, so that the hot rows grow by nothing but two empty columns.

alter table event add column kind text;
alter table event add column content text;
alter table event alter column score drop not null;
alter table event alter column scale drop not null;
alter table event alter column input drop not null;
alter table event alter column question drop not null;

-- Over uuid, taken and settled_n; filled in right after this.
alter table run add column crc integer;

-- Set aside once, and to be sent again because somebody asked for it.
alter table set_aside add column is_again integer not null default 0;

-- The numbers of a run that the card lost. Each range was reported by an event of kind `lost`.
create table lost (
    run     integer not null references run (id),
    first_n integer not null,
    last_n  integer not null,
    crc     integer not null,
    primary key (run, first_n)
) strict, without rowid;
