-- The address to which kiosks are to move, while there is one.
create table moving (
    one     integer primary key check (one = 1),
    address text not null
) strict;

-- By which address a kiosk sends, and why it does not go to the new one; both by its own word.
alter table kiosk add column address text;
alter table kiosk add column move_complaint text;
