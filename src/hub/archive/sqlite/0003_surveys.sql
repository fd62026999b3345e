-- Surveys and what came of their follow-ups.

-- For an event of kind `answered`: the rating that it belongs to, what was asked, and what came of
-- it.
alter table event add column rating_n integer;
alter table event add column follow_up text;
alter table event add column outcome text;
alter table event add column answer text;

-- Shops of one region or one format, so that a survey can be meant for all of them.
alter table shop add column shop_group text;

-- Every survey ever published; never changed and never deleted, so that what was asked when can be
-- told for ever. A place that is null is any; without content the survey of that scope is
-- withdrawn.
create table survey (
    publication  integer primary key autoincrement,
    published_ms integer not null,
    shop_group   text,
    shop         text references shop (id),
    touchpoint   text,
    content      text
) strict;

-- What a kiosk says that it asks, and why it does not ask what it was given.
alter table kiosk add column publication integer;
alter table kiosk add column survey_complaint text;
