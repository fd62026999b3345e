-- Whether a kiosk is enrolled is asked of each one for a page, and of one for a delivery that was
-- carried; tokens are kept for ever.
create index token_by_kiosk on token (kiosk, revoked_ms);
