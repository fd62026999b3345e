-- What a kiosk found when it examined itself, as JSON: a list of findings, the worst first.
alter table kiosk add column findings text;
