-- Deliveries that were carried by hand: what verifies a kiosk's signature, made of its token, and
-- each file that was taken, by its nonce, with the receipt that was given for it.

alter table token add column verify_key blob;

-- The PIN of the shop manager's desk, by its hash, and how often anything was said of it.
alter table kiosk add column pin_number integer not null default 0;
alter table kiosk add column pin_hash text;

create table carried (
    kiosk    text not null references kiosk (id),
    nonce    text not null,
    taken_ms integer not null,
    receipt  text not null,
    primary key (kiosk, nonce)
) strict, without rowid;
