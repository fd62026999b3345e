-- Whether a token is over only because another one took its place: what was signed with it is still
-- the kiosk's. One that a person has revoked, or that was over before that, signs nothing more.
alter table token add column is_superseded integer not null default 0;

-- Which is which was not written down so far. Wherever another one of the kiosk went on, that one
-- took its place; wherever none did, a person has revoked it.
update token set is_superseded = 1 where revoked_ms is not null and revoked_ms > coalesce((
    select max(ended.revoked_ms) from token as ended
    where ended.kiosk = token.kiosk and ended.revoked_ms is not null and not exists (
        select 1 from token as other
        where other.kiosk = ended.kiosk and other.made_ms <= ended.revoked_ms
        and (other.revoked_ms is null or other.revoked_ms > ended.revoked_ms))),
    -9223372036854775808);
