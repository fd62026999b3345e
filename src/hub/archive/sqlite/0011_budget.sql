-- What a kiosk has had the archive keep on a day, counted from 1970, in bytes.
alter table kiosk add column spent_day integer not null default 0;
alter table kiosk add column spent_bytes integer not null default 0;

-- Which survey a kiosk gets is asked at each delivery, however many were ever published.
create index survey_by_scope on survey (shop_group, shop, touchpoint, publication);
