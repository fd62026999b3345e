-- A note names the earlier one that it mends or withdraws, and a notice what shoppers had said.
alter table event add column said text;
alter table event add column mends_run text;
alter table event add column mends_n integer;
create index event_by_mended on event (kiosk, mends_n) where mends_n is not null;
