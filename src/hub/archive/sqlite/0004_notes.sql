-- What shop managers write down, for an event of kind `noted`: what it is about, and its words.
alter table event add column about text;
alter table event add column note text;
