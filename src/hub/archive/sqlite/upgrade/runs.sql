-- Takes over runs and boots, under the numbers that they had, with what belongs to them.
--
-- A run without an owner has no events and tells nothing: its first delivery makes it anew. A run
-- of which only losses are known is claimed too, so that they are found when it comes.

insert into claim (run, no, kiosk)
    select was.uuid, was.id, kiosk.no from old_run as was join kiosk on kiosk.id = coalesce(
        was.kiosk, (select event.kiosk from old_event as event where event.run = was.id limit 1),
        (select lost.kiosk from old_lost as lost where lost.run = was.uuid limit 1))
    order by was.id;
insert into claim (run, kiosk)
    select was.run, min(kiosk.no) from old_lost as was join kiosk on kiosk.id = was.kiosk
    where not exists (select 1 from claim where claim.run = was.run) group by was.run;

insert into run (kiosk, no, uuid, boot, taken)
    select claim.kiosk, was.id, was.uuid, was.boot, was.taken
    from old_run as was join claim on claim.no = was.id;

-- A boot that nobody owned yet is kept under the kiosk 0.
insert into boot (kiosk, no, uuid, first_run, began_ms, ended_ms)
    select coalesce(kiosk.no, 0), was.id, was.uuid, was.first_run, was.began_ms, was.ended_ms
    from old_boot as was left join kiosk on kiosk.id = was.kiosk;

insert into anchor (kiosk, boot, boot_ms, utc_ms, error_ms, source)
    select coalesce(kiosk.no, 0), was.boot, was.boot_ms, was.utc_ms, was.error_ms, was.source
    from old_anchor as was join old_boot as boot on boot.id = was.boot
    left join kiosk on kiosk.id = boot.kiosk;

-- Nor is one whose only run is owned by its losses.
insert into boot (kiosk, no, uuid, first_run)
    select run.kiosk, run.boot, boot.uuid, min(run.no)
    from run join boot on boot.kiosk = 0 and boot.no = run.boot group by run.kiosk, run.boot;
insert into anchor (kiosk, boot, boot_ms, utc_ms, error_ms, source)
    select own.kiosk, anchor.boot, boot_ms, utc_ms, error_ms, source
    from boot as own join anchor on anchor.kiosk = 0 and anchor.boot = own.no where own.kiosk <> 0;

insert into past_run (kiosk, run)
    select kiosk.no, was.run from old_past_run as was join kiosk on kiosk.id = was.kiosk;

-- What was refused or lost of a run is its owner's, whoever has said it.
insert into refused (kiosk, run, n, reason, received_ms)
    select coalesce(claim.kiosk, kiosk.no), was.run, was.n, was.reason, was.received_ms
    from old_refused as was join kiosk on kiosk.id = was.kiosk
    left join claim on claim.run = was.run;

insert into lost (kiosk, run, first_n, last_n)
    select claim.kiosk, claim.no, was.first_n, was.last_n
    from old_lost as was join claim on claim.run = was.run;

insert into conflict (kiosk, run, n, digest, received_ms, content)
    select kiosk.no, was.run, was.n, was.digest, was.received_ms, was.content
    from old_conflict as was join kiosk on kiosk.id = was.kiosk;

drop table old_conflict;
drop table old_lost;
drop table old_refused;
drop table old_past_run;
drop table old_anchor;
drop table old_run;
drop table old_boot;
