-- Spreads an archive over the servers of a Citus cluster. An administrator runs it once, on the
-- coordinator, when smilepost-hub has made its tables:
--
--     psql --single-transaction --set ON_ERROR_STOP=1 --file citus.sql smilepost
--
-- Every table of the archive is named here, and a test compares this file with the tables. Small
-- clusters answer pages fastest with few shards: 8 are enough for two to four workers.

-- Places and what people set: a copy on each server.
select create_reference_table('shop');
select create_reference_table('shop_then');
select create_reference_table('kiosk');
select create_reference_table('stay');
select create_reference_table('correction');
select create_reference_table('code');
select create_reference_table('token');
select create_reference_table('survey');
select create_reference_table('published');
select create_reference_table('line');
select create_reference_table('choice');

-- Whose a run is, once and for ever in the whole cluster.
select create_distributed_table('claim', 'run', colocate_with => 'none', shard_count => 8);

-- What belongs to a kiosk is together on one server.
select create_distributed_table('book', 'kiosk', colocate_with => 'none', shard_count => 8);
select create_distributed_table('given', 'kiosk', colocate_with => 'book');
select create_distributed_table('carried', 'kiosk', colocate_with => 'book');
select create_distributed_table('boot', 'kiosk', colocate_with => 'book');
select create_distributed_table('anchor', 'kiosk', colocate_with => 'book');
select create_distributed_table('run', 'kiosk', colocate_with => 'book');
select create_distributed_table('past_run', 'kiosk', colocate_with => 'book');
select create_distributed_table('refused', 'kiosk', colocate_with => 'book');
select create_distributed_table('lost', 'kiosk', colocate_with => 'book');
select create_distributed_table('gone', 'kiosk', colocate_with => 'book');
select create_distributed_table('event', 'kiosk', colocate_with => 'book');
select create_distributed_table('conflict', 'kiosk', colocate_with => 'book');
select create_distributed_table('delivery', 'kiosk', colocate_with => 'book');
select create_distributed_table('redating', 'kiosk', colocate_with => 'book');
select create_distributed_table('tally', 'kiosk', colocate_with => 'book');
select create_distributed_table('tally_day', 'kiosk', colocate_with => 'book');
select create_distributed_table('tally_reason', 'kiosk', colocate_with => 'book');

-- One row, and work to do: all in one place, so that hubs can share it out.
select create_distributed_table('work', 'part', colocate_with => 'none', shard_count => 1);
select create_distributed_table('feed', 'part', colocate_with => 'work');

-- These stay on the coordinator: meta, moving, guess, rehearsal.
