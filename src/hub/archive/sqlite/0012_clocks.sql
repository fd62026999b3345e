-- By which days a kiosk counts, and by which release of the rules, as it says.
alter table kiosk add column zone text;
alter table kiosk add column zone_rules text;

-- How far the hub's clock is ahead of what the kiosk knows, in milliseconds, where the two
-- contradict each other; and whether a time service vouches for the kiosk's.
alter table kiosk add column ahead_ms integer;
alter table kiosk add column is_ahead_by_ntp integer;
