-- A run and a boot belong to the kiosk that they first came from.

-- Of a run that several kiosks have sent, the first is the owner. What is stored stays as it is.
update run set kiosk = coalesce(
    (select kiosk from event where event.run = run.id order by received_ms, n limit 1), kiosk);

create index run_by_boot on run (boot);

-- Each kiosk has boots of its own, so that two kiosks on one machine date their own events, and
-- nobody dates another's. A boot that nobody has named in a run has no owner yet.
create table owned_boot (
    id    integer primary key,
    uuid  blob not null,
    kiosk text references kiosk (id),
    unique (uuid, kiosk)
) strict;

insert into owned_boot (id, uuid, kiosk) select id, uuid,
    (select kiosk from run where run.boot = boot.id and kiosk is not null order by run.id limit 1)
    from boot;

-- Where several kiosks shared one, each of the others gets its own, with what was known of it.
insert into owned_boot (uuid, kiosk) select distinct shared.uuid, run.kiosk
    from owned_boot as shared join run on run.boot = shared.id where run.kiosk <> shared.kiosk;

insert into anchor (boot, boot_ms, utc_ms, error_ms, source)
    select own.id, boot_ms, utc_ms, error_ms, source
    from boot join owned_boot as own on own.uuid = boot.uuid and own.id <> boot.id
    join anchor on anchor.boot = boot.id;

update run set boot = own.id from owned_boot as shared
    join owned_boot as own on own.uuid = shared.uuid
    where shared.id = run.boot and own.kiosk = run.kiosk;

drop table boot;
alter table owned_boot rename to boot;
