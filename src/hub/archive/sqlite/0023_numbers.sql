-- Everything that belongs to a kiosk is kept under the kiosk's number, each event once for ever
-- under (kiosk, run, n); what pages count is tallied. The same tables as in PostgreSQL.
--
-- What was kept so far stays in the tables old_… until `upgrade` has taken it over, bit by bit.

drop index event_by_day;
drop index event_by_correction;
drop index event_of_uncertain_time;
drop index event_by_instant;
drop index event_by_mended;
drop index run_by_boot;
drop index run_by_kiosk;
drop index boot_told;
drop index kiosk_by_doubt;
drop index kiosk_by_shop;
drop index stay_by_shop;
drop index survey_by_scope;
drop index token_by_kiosk;
drop index guess_by_time;
alter table shop rename to old_shop;
alter table shop_then rename to old_shop_then;
alter table kiosk rename to old_kiosk;
alter table stay rename to old_stay;
alter table correction rename to old_correction;
alter table code rename to old_code;
alter table token rename to old_token;
alter table survey rename to old_survey;
alter table published rename to old_published;
alter table given rename to old_given;
alter table guess rename to old_guess;
alter table carried rename to old_carried;
alter table boot rename to old_boot;
alter table anchor rename to old_anchor;
alter table run rename to old_run;
alter table past_run rename to old_past_run;
alter table refused rename to old_refused;
alter table lost rename to old_lost;
alter table event rename to old_event;
alter table conflict rename to old_conflict;
alter table redating rename to old_redating;

-- Places and people's settings: small, read by everything, written by people.

create table shop (
    no         integer primary key,
    id         text not null unique,
    name       text not null,
    zone       text not null,
    shop_group text,
    -- When it is open, such as 'mon-fri 08:00-20:00'; nothing where nobody has said.
    hours      text,
    -- The first day on which it is closed.
    closed_on  text,
    -- The PIN that was set for all its desks.
    desk_pin   text
) strict;

-- What a shop was from when on.
create table shop_then (
    shop       integer not null references shop (no),
    from_ms    integer not null,
    name       text not null,
    zone       text not null,
    shop_group text,
    hours      text,
    primary key (shop, from_ms)
) strict, without rowid;

create table kiosk (
    no          integer primary key,
    id          text not null unique,
    shop        integer not null references shop (no),
    touchpoint  text not null,
    -- How people call it, beside its short name.
    name        text,
    retired_ms  integer,
    pin_number  integer not null default 0,
    pin_hash    text,
    wants_token integer not null default 0
) strict;
create index kiosk_by_shop on kiosk (shop);

-- Where a kiosk stood from when on and until when. The stays of a kiosk follow one another without
-- a gap, from before every event to after every one.
create table stay (
    kiosk      integer not null references kiosk (no),
    from_ms    integer not null,
    to_ms      integer not null,
    shop       integer not null references shop (no),
    touchpoint text not null,
    primary key (kiosk, from_ms)
) strict, without rowid;
create index stay_by_shop on stay (shop, kiosk, from_ms, to_ms);

-- Everything that was ever corrected, as it was said; never changed.
create table correction (
    no      integer primary key,
    said_ms integer not null,
    shop    integer references shop (no),
    kiosk   integer references kiosk (no),
    what    text not null
) strict;

-- Secrets are kept as SHA-256 only.
create table code (
    hash       blob primary key,
    kiosk      integer not null references kiosk (no),
    expires_ms integer not null,
    spent_ms   integer
) strict, without rowid;

create table token (
    hash          blob primary key,
    kiosk         integer not null references kiosk (no),
    made_ms       integer not null,
    revoked_ms    integer,
    -- Given out and not used yet; the one before it is good until it is.
    is_next       integer not null default 0,
    -- The token that it takes the place of; none for one that came of an enrolment, which takes
    -- the place of all.
    follows       blob,
    verify_key    blob,
    -- Whether it is over only because another one took its place.
    is_superseded integer not null default 0
) strict, without rowid;
create index token_by_kiosk on token (kiosk, revoked_ms);

-- Every survey ever published; never changed and never deleted. A place that is null is any;
-- without content the survey of that scope is withdrawn.
create table survey (
    publication  integer primary key,
    published_ms integer not null,
    shop_group   text,
    shop         integer references shop (no),
    touchpoint   text,
    content      text
) strict;
create index survey_by_scope on survey (shop_group, shop, touchpoint, publication);

create table published (
    publication integer not null references survey (publication),
    question    text not null,
    version     integer not null,
    scale       integer not null,
    primary key (publication, question, version, scale)
) strict, without rowid;

create table guess (
    net      text primary key,
    wrong    integer not null,
    since_ms integer not null
) strict, without rowid;
create index guess_by_time on guess (since_ms);

-- What is asked, as a number; written once.
create table line (
    no       integer primary key,
    question text not null,
    version  integer not null,
    scale    integer not null,
    unique (question, version, scale)
) strict;

-- What was answered after a rating, as a number; written once.
create table choice (
    no        integer primary key,
    follow_up text not null,
    answer    text not null,
    unique (follow_up, answer)
) strict;

-- Whose a run is, once and for ever. Its number rises with time.
create table claim (
    run   blob not null unique,
    no    integer primary key,
    kiosk integer not null
) strict;

-- From here on everything belongs to one kiosk, and its row in `book` is the lock of it all.

create table book (
    kiosk            integer primary key,
    -- The number of its last delivery.
    seq              integer not null default 0,
    stored           integer not null default 0,
    taken            integer not null default 0,
    waiting          integer not null default 0,
    set_aside        integer not null default 0,
    lost             integer not null default 0,
    given_up         integer not null default 0,
    last_contact_ms  integer,
    app              text,
    publication      integer,
    survey_complaint text,
    zone             text,
    zone_rules       text,
    ahead_ms         integer,
    is_ahead_by_ntp  integer,
    address          text,
    move_complaint   text,
    findings         text,
    hours            text,
    live_run         blob,
    returns          integer not null default 0,
    epoch            integer not null default 0,
    epoch_drawn_ms   integer,
    spent_day        integer not null default 0,
    spent_bytes      integer not null default 0
) strict;
create index book_by_doubt on book (epoch_drawn_ms) where epoch_drawn_ms is not null;

-- The publications that a kiosk was ever told to ask.
create table given (
    kiosk       integer not null,
    publication integer not null,
    primary key (kiosk, publication)
) strict, without rowid;

-- Deliveries that were carried by hand, each with the receipt that was given for it.
create table carried (
    kiosk    integer not null,
    nonce    text not null,
    taken_ms integer not null,
    receipt  text not null,
    primary key (kiosk, nonce)
) strict, without rowid;

create table boot (
    kiosk     integer not null,
    no        integer not null,
    uuid      blob not null,
    -- Its first run, and the limits that its most trusted anchors give to the boots around it.
    first_run integer,
    began_ms  integer,
    ended_ms  integer,
    primary key (kiosk, no),
    unique (kiosk, uuid)
) strict, without rowid;
create index boot_told on boot (kiosk, first_run) where began_ms is not null;

create table anchor (
    kiosk    integer not null,
    boot     integer not null,
    boot_ms  integer not null,
    utc_ms   integer not null,
    error_ms integer not null,
    source   text not null,
    primary key (kiosk, boot, boot_ms, source)
) strict, without rowid;

-- `no` is the claim's.
create table run (
    kiosk integer not null,
    no    integer not null,
    uuid  blob not null,
    boot  integer not null,
    taken integer not null default 0,
    primary key (kiosk, no),
    unique (kiosk, uuid)
) strict, without rowid;
create index run_by_boot on run (kiosk, boot, no);

-- Runs after which another run of the same kiosk has spoken.
create table past_run (
    kiosk integer not null,
    run   blob not null,
    primary key (kiosk, run)
) strict, without rowid;

-- Events that could not be read, and are only named here.
create table refused (
    kiosk       integer not null,
    run         blob not null,
    n           integer not null,
    reason      text not null,
    received_ms integer not null,
    primary key (kiosk, run, n)
) strict, without rowid;

-- What a kiosk reported as lost; what arrived all the same is not.
create table lost (
    kiosk   integer not null,
    run     integer not null,
    first_n integer not null,
    last_n  integer not null,
    primary key (kiosk, run, first_n)
) strict, without rowid;

-- What was deleted, as ranges: sent again it is settled and stays deleted.
create table gone (
    kiosk   integer not null,
    run     integer not null,
    first_n integer not null,
    last_n  integer not null,
    why     integer not null,
    -- The change that deleted it: so a kiosk is told of what it does not know yet.
    seq     integer not null,
    primary key (kiosk, run, first_n)
) strict, without rowid;
create index gone_by_change on gone (kiosk, seq);

-- Every event ever received. What the kiosk read of its clocks is never overwritten; utc_ms is
-- worked out of it again whenever more is known, and hour from that: the hour of the shop's clocks
-- since 1970.
create table event (
    kiosk       integer not null,
    run         integer not null,
    n           integer not null,
    seq         integer not null,
    boot_ms     integer not null,
    wall_ms     integer not null,
    utc_ms      integer not null,
    hour        integer not null,
    line        integer,
    replaces    integer,
    rating_n    integer,
    -- 0 is one that only a newer program knows: its name is in `other_kind`.
    kind        integer not null,
    score       integer,
    -- As `kind`, with `other_input`.
    input       integer,
    rule        integer,
    judged_rule integer,
    is_exact    integer not null,
    digest      blob not null,
    other_kind  text,
    other_input text,
    language    text,
    misuse      text,
    judged      text,
    earliest_ms integer,
    latest_ms   integer,
    follow_up   text,
    outcome     text,
    answer      text,
    about       text,
    note        text,
    said        text,
    step        text,
    mends_run   text,
    mends_n     integer,
    extra       text,
    primary key (kiosk, run, n)
) strict, without rowid;
create index event_uncertain on event (kiosk) where is_exact = 0;
create index event_told on event (kiosk, utc_ms)
    where note is not null or step is not null or answer is not null;
-- What was written or called for has its time over before ratings have: kinds 3 and 4.
create index event_kept on event (kiosk, utc_ms) where follow_up = 'comment' or kind in (3, 4);
create index event_by_correction on event (kiosk, run, replaces) where replaces is not null;
create index event_by_rating on event (kiosk, run, rating_n) where rating_n is not null;
create index event_by_mended on event (kiosk, mends_n) where mends_n is not null;
-- PostgreSQL does without: there a run is read in about the time that this index costs.
create index event_by_instant on event (kiosk, run, boot_ms);

-- An event that came again with the same identity and other content: never stored over the first,
-- never thrown away.
create table conflict (
    kiosk       integer not null,
    run         integer not null,
    n           integer not null,
    digest      blob not null,
    received_ms integer not null,
    content     text not null,
    primary key (kiosk, run, n, digest)
) strict, without rowid;

-- Each delivery, and each other change of what is stored, with the events that it touched as JSON:
-- [[run, first n, last n], …]. `pos` is its place in the feed, given after its commit.
create table delivery (
    kiosk       integer not null,
    seq         integer not null,
    received_ms integer not null,
    added       integer not null,
    touched     text not null,
    pos         integer,
    primary key (kiosk, seq)
) strict, without rowid;
create index delivery_unplaced on delivery (kiosk, seq) where pos is null;
create index delivery_placed on delivery (pos);

-- The events of a kiosk that are still to be dated again: after this number of this run, up to the
-- last run.
create table redating (
    kiosk    integer primary key,
    run      integer not null,
    n        integer not null,
    last_run integer not null
) strict;

-- What is counted, by the hour of the shop's clocks and by its day. A line 0 has no question.
create table tally (
    kiosk    integer not null,
    hour     integer not null,
    line     integer not null,
    f1       integer not null,
    f2       integer not null,
    f3       integer not null,
    f4       integer not null,
    f5       integer not null,
    misuse   integer not null,
    replaced integer not null,
    bounded  integer not null,
    unknown  integer not null,
    late     integer not null,
    unread   integer not null,
    primary key (kiosk, hour, line)
) strict, without rowid;

create table tally_day (
    kiosk    integer not null,
    day      integer not null,
    line     integer not null,
    f1       integer not null,
    f2       integer not null,
    f3       integer not null,
    f4       integer not null,
    f5       integer not null,
    misuse   integer not null,
    replaced integer not null,
    bounded  integer not null,
    unknown  integer not null,
    late     integer not null,
    unread   integer not null,
    -- Rises with each change of this day.
    revision integer not null,
    primary key (kiosk, day, line)
) strict, without rowid;

create table tally_reason (
    kiosk  integer not null,
    hour   integer not null,
    line   integer not null,
    face   integer not null,
    choice integer not null,
    times  integer not null,
    primary key (kiosk, hour, line, face, choice)
) strict, without rowid;

-- One row each, and work to do. `part` is always 1, so that a distributed database has them in one
-- place.
create table feed (
    part integer primary key,
    pos  integer not null
) strict;
insert into feed (part, pos) values (1, 0);

create table work (
    part           integer not null,
    kind           text not null,
    subject        text not null,
    -- Since when it is to be done, and how often it was asked for: whoever has begun with it before
    -- it was asked for again does not end it.
    since_ms       integer not null,
    wanted         integer not null,
    due_ms         integer not null,
    -- Until when whoever has taken it may be believed to be at it.
    taken_until_ms integer not null,
    -- Where to go on, as the kind writes it.
    reached        text not null,
    tries          integer not null,
    done_ms        integer,
    failed         text,
    primary key (part, kind, subject)
) strict, without rowid;
create index work_due on work (part, due_ms) where done_ms is null;

-- What all hubs of this archive share and nobody else may know. In a file there is none: a hub of
-- its own has them beside it.
create table secret (
    name    text primary key,
    content blob not null
) strict, without rowid;

-- A move of the archive to another place: `to` in the one that it leaves, which takes nothing any
-- more, and `from` in the one that it comes to, until it is whole there.
create table transfer (
    way     text primary key,
    place   text not null,
    -- Drawn when the move began: both ends have the same.
    mark    integer not null,
    is_done integer not null default 0
) strict, without rowid;
