-- What became of a shopper's wish that somebody come, for an event of kind `called`.
alter table event add column step text;
