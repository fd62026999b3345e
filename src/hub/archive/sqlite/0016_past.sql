-- Where a kiosk stood from when on and until when: its events of that time belong there. The stays
-- of a kiosk follow one another without a gap, from before every event to after every one.
create table stay (
    kiosk      text not null references kiosk (id),
    from_ms    integer not null,
    to_ms      integer not null,
    shop       text not null references shop (id),
    touchpoint text not null,
    primary key (kiosk, from_ms)
) strict, without rowid;
create index stay_by_shop on stay (shop, kiosk, from_ms, to_ms, touchpoint);
insert into stay (kiosk, from_ms, to_ms, shop, touchpoint)
    select id, -9223372036854775808, 9223372036854775807, shop, touchpoint from kiosk;

-- What a shop was from when on.
create table shop_then (
    shop       text not null references shop (id),
    from_ms    integer not null,
    name       text not null,
    zone       text not null,
    shop_group text,
    primary key (shop, from_ms)
) strict, without rowid;
insert into shop_then (shop, from_ms, name, zone, shop_group)
    select id, -9223372036854775808, name, zone, shop_group from shop;

-- The first day on which a shop is closed.
alter table shop add column closed_on text;
alter table kiosk add column retired_ms integer;
-- How people call it, beside its short name.
alter table kiosk add column name text;

-- Everything that was ever corrected, as it was said; never changed.
create table correction (
    id      integer primary key,
    said_ms integer not null,
    shop    text references shop (id),
    kiosk   text references kiosk (id),
    what    text not null
) strict;
