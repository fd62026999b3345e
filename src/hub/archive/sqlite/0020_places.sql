-- The PIN of the desk that was set for all kiosks of a shop. A kiosk that is moved there takes it.
alter table shop add column desk_pin text;

-- What more than one kiosk of a shop has was set for the shop; of a single one, most likely.
update shop set desk_pin = (
    select pin_hash from kiosk where kiosk.shop = shop.id and pin_hash is not null
    group by pin_hash order by count(*) desc, pin_hash limit 1
);

-- When a shop is open, such as 'mon-fri 08:00-20:00'; nothing where nobody has said.
alter table shop add column hours text;
alter table shop_then add column hours text;

-- The opening hours of a kiosk's own configuration, by its own word.
alter table kiosk add column hours text;
