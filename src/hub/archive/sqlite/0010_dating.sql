-- What dating an event and bounding it look at, so that neither reads a kiosk's whole history.

-- Boots in the order in which they were lived, by the key of their first run; and the limits that
-- the most trusted anchors of a boot give to the boots around it.
alter table boot add column first_run integer;
alter table boot add column began_ms integer;
alter table boot add column ended_ms integer;
update boot set first_run = (select min(id) from run where run.boot = boot.id);
update boot set began_ms = (select utc_ms - boot_ms from anchor
        where boot = boot.id and source in ('ntp', 'hub', 'operator', 'rtc')
        order by source = 'rtc', source = 'operator', boot_ms limit 1),
    ended_ms = (select max(utc_ms) from anchor
        where boot = boot.id and source in ('ntp', 'hub', 'operator', 'rtc')
        group by source = 'rtc', source = 'operator'
        order by source = 'rtc', source = 'operator' limit 1);
create index boot_told on boot (kiosk, first_run) where began_ms is not null;

create index run_by_kiosk on run (kiosk);
create index event_by_instant on event (run, boot_ms);

-- The runs of a kiosk whose events are still to be dated again: after this number of this run, up
-- to the last run.
create table redating (
    kiosk    text primary key references kiosk (id),
    run      integer not null,
    n        integer not null,
    last_run integer not null
) strict, without rowid;
