-- Which questions were published, and to which kiosk: only these have scores of their own.

create table published (
    publication integer not null references survey (publication),
    question    text not null,
    version     integer not null,
    scale       integer not null,
    primary key (publication, question, version, scale)
) strict, without rowid;

-- The publications that a kiosk was ever told to ask.
create table given (
    kiosk       text not null references kiosk (id),
    publication integer not null references survey (publication),
    primary key (kiosk, publication)
) strict, without rowid;

insert or ignore into published (publication, question, version, scale)
    select publication, asked.value ->> 'id', cast(asked.value ->> 'version' as integer),
        cast(asked.value ->> 'scale' as integer)
    from survey, json_each(survey.content, '$.questions') as asked where json_valid(content);

-- By where the kiosks stand today; a withdrawal gives nothing.
insert into given (kiosk, publication)
    select kiosk.id, survey.publication from survey
    join kiosk on coalesce(survey.shop, kiosk.shop) = kiosk.shop
        and coalesce(survey.touchpoint, kiosk.touchpoint) = kiosk.touchpoint
    join shop on shop.id = kiosk.shop
        and coalesce(survey.shop_group, shop.shop_group, '') = coalesce(shop.shop_group, '')
    where content is not null;

-- Pages ask for kiosks by shop.
create index kiosk_by_shop on kiosk (shop);
