-- Each kiosk has an epoch of its own beside the archive's; 0 is that none was drawn yet.
alter table kiosk add column epoch integer not null default 0;
-- When it was last drawn, because the kiosk knew of more events than there are here.
alter table kiosk add column epoch_drawn_ms integer;
create index kiosk_by_doubt on kiosk (epoch_drawn_ms) where epoch_drawn_ms is not null;
