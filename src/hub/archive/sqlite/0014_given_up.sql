-- What a kiosk's board gave up when it left for another place.
alter table kiosk add column given_up integer not null default 0;
