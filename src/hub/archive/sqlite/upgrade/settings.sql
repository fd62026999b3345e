-- Takes over what people have set and what little there is besides, in one transaction.

insert into shop (id, name, zone, shop_group, hours, closed_on, desk_pin)
    select id, name, zone, shop_group, hours, closed_on, desk_pin from old_shop order by id;

insert into shop_then (shop, from_ms, name, zone, shop_group, hours)
    select shop.no, was.from_ms, was.name, was.zone, was.shop_group, was.hours
    from old_shop_then as was join shop on shop.id = was.shop;

insert into kiosk (id, shop, touchpoint, name, retired_ms, pin_number, pin_hash, wants_token)
    select was.id, shop.no, was.touchpoint, was.name, was.retired_ms, was.pin_number, was.pin_hash,
        was.wants_token
    from old_kiosk as was join shop on shop.id = was.shop order by was.id;

insert into book (kiosk, stored, taken, waiting, set_aside, lost, given_up, last_contact_ms, app,
        publication, survey_complaint, zone, zone_rules, ahead_ms, is_ahead_by_ntp, address,
        move_complaint, findings, hours, live_run, returns, epoch, epoch_drawn_ms, spent_day,
        spent_bytes)
    select kiosk.no, stored, taken, waiting, set_aside, lost, given_up, last_contact_ms, app,
        publication, survey_complaint, zone, zone_rules, ahead_ms, is_ahead_by_ntp, address,
        move_complaint, findings, hours, live_run, returns, epoch, epoch_drawn_ms, spent_day,
        spent_bytes
    from old_kiosk as was join kiosk on kiosk.id = was.id;

insert into stay (kiosk, from_ms, to_ms, shop, touchpoint)
    select kiosk.no, was.from_ms, was.to_ms, shop.no, was.touchpoint
    from old_stay as was join kiosk on kiosk.id = was.kiosk join shop on shop.id = was.shop;

insert into correction (no, said_ms, shop, kiosk, what)
    select was.id, was.said_ms, shop.no, kiosk.no, was.what from old_correction as was
    left join shop on shop.id = was.shop left join kiosk on kiosk.id = was.kiosk;

insert into code (hash, kiosk, expires_ms, spent_ms)
    select was.hash, kiosk.no, was.expires_ms, was.spent_ms
    from old_code as was join kiosk on kiosk.id = was.kiosk;

insert into token (hash, kiosk, made_ms, revoked_ms, is_next, follows, verify_key, is_superseded)
    select was.hash, kiosk.no, was.made_ms, was.revoked_ms, was.is_next, was.follows,
        was.verify_key, was.is_superseded
    from old_token as was join kiosk on kiosk.id = was.kiosk;

insert into survey (publication, published_ms, shop_group, shop, touchpoint, content)
    select was.publication, was.published_ms, was.shop_group, shop.no, was.touchpoint, was.content
    from old_survey as was left join shop on shop.id = was.shop;

insert into published (publication, question, version, scale)
    select publication, question, version, scale from old_published;

insert into given (kiosk, publication)
    select kiosk.no, was.publication from old_given as was join kiosk on kiosk.id = was.kiosk;

insert into guess (net, wrong, since_ms) select net, wrong, since_ms from old_guess;

insert into carried (kiosk, nonce, taken_ms, receipt)
    select kiosk.no, was.nonce, was.taken_ms, was.receipt
    from old_carried as was join kiosk on kiosk.id = was.kiosk;

insert into redating (kiosk, run, n, last_run)
    select kiosk.no, was.run, was.n, was.last_run
    from old_redating as was join kiosk on kiosk.id = was.kiosk;

-- How far the events are taken over, and how many there are.
create table old_reached (
    kiosk integer not null,
    run   integer not null,
    taken integer not null,
    total integer not null
) strict;
insert into old_reached (kiosk, run, taken, total)
    select 0, 0, 0, coalesce(sum(stored), 0) from old_kiosk;

drop table old_redating;
drop table old_carried;
drop table old_guess;
drop table old_given;
drop table old_published;
drop table old_survey;
drop table old_token;
drop table old_code;
drop table old_correction;
drop table old_stay;
drop table old_shop_then;
drop table old_kiosk;
drop table old_shop;
