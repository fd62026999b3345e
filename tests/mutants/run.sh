#!/usr/bin/env bash
# Breaks each promise on purpose, one after the other, and expects the tests to notice.
#
#   tests/mutants/run.sh            all of them; some minutes each
#   tests/mutants/run.sh NAME…      only these
#
# The tree must be clean: a mutant is applied in place and taken back with git.
set -uo pipefail
cd "$(dirname "$0")/../.."
export RUST_BACKTRACE=0 CARGO_TERM_COLOR=never CARGO_INCREMENTAL=1 CARGO_PROFILE_DEV_DEBUG=0
git diff --quiet || { echo "the tree has changes; commit or stash them first"; exit 2; }
wanted=" $* "; missed=0

kiosk=kiosk; grep -q '^phone = ' Cargo.toml && kiosk=kiosk,phone

# The least of the program that a mutant's tests need: most of compiling is for the other half of it.
features() {
  case "$1 $2 $3" in
    *' --test together' | *' --test together_'* | *' --test hostile') echo "$kiosk,hub" ;;
    *' --test hub' | *' --test hub_'* | src/hub/*' --lib '* | src/web/server*' --lib '*) echo hub ;;
    *' --test '* | src/kiosk/*' --lib '*) echo "$kiosk" ;;
  esac
}

# mutant NAME FILE PERL-SUBSTITUTION TEST-ARGUMENTS…
mutant() {
  local name=$1 file=$2 change=$3; shift 3
  [ "$wanted" = "  " ] || [[ "$wanted" == *" $name "* ]] || return 0
  if [ "$1" != --no-default-features ]; then
    set -- --no-default-features --features "$(features "$file" "$1" "$2")" "$@"
  fi
  perl -0pi -e "$change" "$file"
  if git diff --quiet; then echo "STALE   $name: its place in $file is gone"; missed=1; return; fi
  local log; log=$(mktemp)
  if ! cargo test --no-run "$@" >"$log" 2>&1; then
    echo "BROKEN  $name: it does not compile"; tail -n 20 "$log"; missed=1
  elif timeout 900 cargo test "$@" >"$log" 2>&1; then
    echo "MISSED  $name: every test passed"; missed=1
  else
    echo "caught  $name: $(grep -aoE '^test [^ ]+ \.\.\. FAILED' "$log" | awk '{print $2}' | sort -u | paste -sd' ')"
  fi
  rm -f "$log"; git checkout --quiet -- "$file"
}

journal=src/kiosk/journal
# P1: thanked is durable.
mutant normal-instead-of-full $journal/schema.rs 's/"FULL"/"NORMAL"/g; s/level, 2,/level, 1,/' --test faults cuts
mutant full-is-not-restored $journal/schema.rs 's/connection\.pragma_update\(None, "synchronous", "FULL"\)\?;\n    done/done/' --test faults cuts
mutant rollback-journal-not-flushed $journal/schema.rs 's/"EXTRA"/"FULL"/' --test faults cuts
mutant thank-before-commit $journal/thread.rs 's/(    fn keep\(&mut self, event: Event, reading: Reading, of: Option<RunId>\) \{\n)/$1        if let Some(id) = self.journal.as_ref().and_then(Journal::next_id) {\n            let early = event.clone();\n            (self.report)(Outcome::Kept(Box::new(Entry { id, reading, event: early })));\n            let _ = self.append(event, reading, of);\n            return;\n        }\n/' --test faults errors
# P2: nothing is counted twice.
mutant no-unique-rating src/hub/rules/arrivals.rs 's/stored\.get\(&n\)\.or_else\(\|\| new\.get\(&n\)\)/new.get(&n)/' --test hub
mutant identity-without-run src/hub/archive/sqlite/0023_numbers.sql 's/(    extra       text,\n)    primary key \(kiosk, run, n\)/$1    primary key (kiosk, n)/' --test hub
# Whoever guesses codes, or comes by thousands of networks, keeps no installer out; and no code lets
# a kiosk in that is no more.
mutant a-right-code-waits-too src/hub/archive/sql/credentials.rs 's/(    let sql = "update code set spent_ms = \$1 \\\n)/    if let Some(wait_s) = guesses::count(tx, net, now_ms).await? {\n        return Ok(Spending::Wait(wait_s));\n    }\n$1/' --test hub whoever_guesses
mutant every-wrong-code-is-written src/hub/archive/sql/guesses.rs 's/    if let Some\(wait_s\) = before\.and_then\(\|guesses\| guesses\.wait_s\(now_ms\)\) \{\n\s+return Ok\(Some\(wait_s\)\);\n\s+\}\n//' --test hub whoever_guesses
mutant strangers-fill-the-gate src/hub/kiosks/gate.rs 's/first\.map\(\|first\| counts\.remove\(&first\)\);/if first.is_some() {\n                return Err(Wait::TooOften(60));\n            }/' --lib strangers_of
mutant a-code-outlives-its-kiosk src/hub/archive/sql/credentials.rs 's/retired\.filter\(\|retired\| retired\.at_ms <= now_ms\)/retired.filter(|_| false)/' --test hub corrections
# A backup is one state of everything, and what a killed hub has left never undoes it.
mutant leftovers-are-left src/hub/archive/sqlite/backup.rs 's/\.chain\(&sides\)//' --test hub_engines backup
mutant a-restored-archive-keeps-its-epoch src/hub/archive/sqlite/backup.rs 's/    super::draw_epoch\(&transaction\)\?;\n//' --test hub_engines backup
mutant a-backup-without-keys src/hub/commands/backup.rs 's/keys\.into_iter\(\)\.chain\(/None.into_iter().chain(/' --test hub_engines backup
mutant the-key-stays-in-the-archive src/hub/archive/sqlite/backup.rs 's/    copy\.pragma_update\(None, "secure_delete", true\)\?;\n//' --test hub_engines backup
mutant damage-is-restored src/hub/archive/sqlite/backup.rs 's/verdict != "ok"/verdict.is_empty()/' --test hub_engines backup
# One wrong clock at head office moves and deletes nothing.
mutant the-hub-is-as-good-as-ntp src/feedback/moment.rs 's/Self::Hub => 1,/Self::Hub => 0,/' --lib feedback::moment
mutant a-jump-needs-no-witness src/feedback/moment/word.rs 's/if is_vouched \|\| is_known/if is_vouched || before.is_none() || is_known/' --lib feedback::moment
mutant a-boot-need-not-have-lasted src/feedback/moment/limit.rs 's/reading\.boot_ms < self\.boot_ms && //' --lib feedback::moment
# P3: nothing is settled but by a receipt of ours.
mutant any-nonce src/kiosk/uplink/sender.rs 's/receipt\.filter\(\|receipt\| receipt\.nonce == nonce\)/receipt/' --test together hostile
mutant settled-unread src/kiosk/uplink/sender.rs 's/parse::<Receipt>\(is_json && status == StatusCode::OK, &body\)/parse::<Receipt>(true, \&body).or_else(|| Some(Receipt { nonce: nonce.clone(), settled: delivery.runs.iter().map(|run| crate::wire::receipt::Settled { run: run.run.clone(), ranges: vec![(1, u32::MAX)] }).collect(), set_aside: Vec::new(), hub_time_ms: 0, hub_epoch: 0, stored: None, added: None, publication: None, pin: None, is_time_vouched: false, zone: None, place: None, moves_to: None, is_token_old: false, gone: None }))/' --test together trouble
mutant receipt-without-commit src/hub/archive/sqlite.rs 's/batch\(tx, "commit"\)/batch(tx, "rollback")/' --test hub intake
mutant unsettled-are-pruned $journal/prune.rs 's/kept\.state != State::Waiting/kept.row > 0/g' --test kiosk journal
mutant epoch-is-ignored $journal/batch.rs 's/if is_other \|\| is_back \{/if is_other \&\& is_back {/' --test kiosk journal
# The same with the archive in PostgreSQL and the real kiosk before it.
mutant answered-before-the-commit src/hub/archive/postgres.rs 's/            timeout_at\(until, tx\.batch\("commit"\)\)\.await\.map_err\(\|_\| Failure::Late\)\?\?;\n            tx\.give_back\(\);\n/            let commit = async move {\n                tokio::time::sleep(Duration::from_millis(100)).await;\n                let _ = tx.batch("commit").await;\n                tx.give_back();\n            };\n            if std::env::args().any(|word| word == "serve") {\n                tokio::spawn(commit);\n            } else {\n                timeout_at(until, commit).await.map_err(|_| Failure::Late)?;\n            }\n/' --test together_postgres killed
mutant what-comes-again-counts-again src/hub/archive/sql/ingest.rs 's/            intake\.rows\.push\((event_rows::row\(&place, moment, incoming\))\);/            if fate == Fate::New {\n                intake.rows.push($1);\n            }/; s/if fate == Fate::New \{\n            let moment/if fate != Fate::Conflict {\n            let moment/' --test together_postgres simulated
mutant what-comes-again-replaces src/hub/archive/sql/ingest.rs 's/(    Ok\(arrivals::fates\(events, &stored, )/    let sql = "delete from event where kiosk = \$1 and run = \$2 and n = \$3";\n    for n in std::mem::take(\&mut stored).into_keys() {\n        tx.execute(sql, \&values![kiosk, run, n]).await?;\n    }\n$1/' --test together_postgres simulated
mutant deleted-comes-back src/hub/archive/sql/gone.rs 's/(    rows\.extend\(tx\.rows\(sql, &values!\[kiosk, run, first, last\]\)\.await\?\);\n)(    rows\.iter\(\)\.map\(range\)\.collect\(\)\n\}\n\nfn range)/$1    rows.clear();\n$2/' --test together_postgres deleting
# What head office has deleted is gone here too, and only that.
mutant deleted-words-stay-in-unused-bytes $journal/schema.rs 's/"secure_delete", true/"secure_delete", false/' --test kiosk let_go
mutant deleted-words-stay-in-the-wal $journal/chores/let_go.rs 's/wal_checkpoint\(truncate\)/wal_checkpoint(passive)/' --test kiosk let_go
mutant a-cut-before-the-wipe-keeps-the-wal $journal/chores.rs 's/let wants_wipe = gone\.is_some_and\(\|upto\| upto != 0\)/let wants_wipe = gone.is_some_and(|upto| upto < 0)/' --test kiosk let_go
mutant what-waits-is-let-go $journal/chores/let_go.rs 's/Some\(\(true, _\)\) \| None => Fate::Waits/Some((true, _)) | None => Fate::Goes/' --test kiosk let_go
mutant what-waits-is-not-named-again $journal/chores/let_go.rs 's/piece\.last\.is_none\(\) && !is_any_waiting/piece.last.is_none()/' --test kiosk let_go
mutant the-number-comes-before-the-deletion $journal/chores/let_go.rs 's/if piece\.last\.is_none\(\) && !is_any_waiting/if !is_any_waiting/' --test kiosk let_go
mutant a-restored-hub-is-told-the-old-number $journal/chores/offer.rs 's/update meta set value = 0 where key = \?/update meta set value = value where key = ?/' --test kiosk let_go
mutant any-number-of-ranges-is-let-go src/kiosk/exchange.rs 's/if ranges > GONE_RANGES_MAX \|\| gone/if gone/' --test kiosk let_go
# P4: damage is found and said.
mutant checksum-off $journal/row.rs 's/found\.map\(i64::from\) == Some\(crc\)/found.is_some() \&\& crc >= 0/' --test kiosk damage
# What another version of the program has kept is not lost to this one.
mutant newer-is-damaged $journal/row.rs 's/is_of\(columns\.checksum_of_unknown\(id, question\.as_ref\(\)\)\)/is_of(None)/' --test kiosk only_a_newer
mutant newer-holds-up-the-rest $journal/batch.rs 's/if !newer\.is_empty\(\) \{/if newer.len() > 99 {/' --test kiosk only_a_newer
mutant newer-is-never-sent $journal/opening.rs 's/        journal\.retry_newer\(\)\?;\n//' --test kiosk only_a_newer
mutant what-a-note-gained-is-believed $journal/row/late.rs 's/if checksum\(late\) == crc => late/if checksum(late) == crc || crc >= 0 => late/' --lib late
mutant no-mark $journal/rescue/high_water.rs 's/file\.write_all_at\(&encode\(number, &runs\), offset\)\?;//' --test kiosk damage
mutant wal-tail-ignored $journal/opening.rs 's/(in_wal = salvage::unseen\(folder, &connection\)\.map_err\(failed\("read"\)\)\?;)/$1 in_wal.clear();/' --test kiosk damage
mutant unsound-mark-believed $journal/books_sql.rs 's/is_whole && crc == Some\(i64::from\(run_checksum\(run, taken, settled\)\)\)/is_whole/' --test kiosk damage
mutant losses-unreported $journal/chores/losses.rs 's/missing\.map\(\|\(first, last\)\| Loss/missing.take(0).map(|(first, last)| Loss/' --test kiosk damage
# P7: kiosks that lost the hub together do not return together.
mutant no-jitter src/feedback/outbox.rs 's/chance\.clamp\(0\.0, 1\.0\)/chance.clamp(1.0, 1.0)/' --test together returning
mutant retry-after-ignored src/kiosk/uplink/sender.rs 's/Outcome::Throttled \{ retry_after_s, is_by_hub \}/Outcome::Throttled { retry_after_s: retry_after_s.and(None), is_by_hub }/' --test together hostile
mutant all-sent-away-alike src/hub/kiosks/gate.rs 's/random_range\(1\.\.=BUSY_MAX_S\)/random_range(BUSY_MAX_S..=BUSY_MAX_S)/' --test together returning
# P9, P10: time.
mutant no-time-floor src/kiosk/uplink/client.rs 's/now_ms\.max\(floor_ms\)/now_ms.min(floor_ms.max(now_ms)).min(now_ms)/' --test together tls
mutant rtc-before-hub src/feedback/moment.rs 's/Self::Hub => 1,/Self::Hub => 4,/' --lib moment
# P11: misuse.
mutant bounce-counts src/feedback/misuse.rs 's/ms < BOUNCE_MS/ms < 1/' --lib misuse
# P13: poison.
mutant set-aside-without-doubt src/feedback/outbox.rs 's/SUSPICIONS_MAX: u32 = 5/SUSPICIONS_MAX: u32 = 0/' --lib outbox
# P14: credentials.
mutant clones-unnoticed src/hub/rules/clones.rs 's/returns >= RETURNS_OF_A_CLONE/returns < 0/' --test together promises
# P16: the equation.
mutant lost-left-out src/hub/rules/account.rs 's/let lost = within\(&absent, &lost\);/let lost = within(\&[], \&lost);/' --test together promises
# Follow-ups and surveys.
mutant closed-counts src/feedback/visit.rs 's/Phase::Closed => \(verdict\(Some\(Reason::Closed\)\), None\)/Phase::Closed => (verdict(None), None)/' --lib visit
mutant thank-before-the-answer-is-kept src/feedback/visit/follow.rs 's/(self\.under_way = Some\(\(UnderWay::Answer\(keep\.clone\(\)\), now\)\);\n\s+)vec!\[Effect::KeepAnswer\(keep\)\]/$1let of = following.of;\n                vec![Effect::KeepAnswer(keep), Effect::Thank { n: of.n, score: of.score }]/' --lib visit
mutant other-words-under-the-same-version src/hub/commands/surveys.rs 's/one\.scale != other\.scale \|\| one\.texts\.iter\(\)\.any\(differ\)/one.texts.iter().all(differ) \&\& one.scale != other.scale/' --lib surveys
mutant unfit-survey-is-asked src/kiosk/office_survey.rs 's/settings\.fits\(&survey\)\.map\(\|\(\)\| survey\)/settings.fits(\&survey).map_or(Ok(survey.clone()), |()| Ok(survey))/' --test together surveys
# The shop manager's desk.
mutant a-restart-frees-the-pin src/kiosk/pin/tries.rs 's/known\.map_or\(0, \|\(_, count\)\| \*count\)/known.map_or(0, |(_, count)| count.saturating_mul(0))/' --lib pin
mutant one-delay-for-all-addresses src/kiosk/desk/phone/served/pages.rs 's/address: net\.to_string\(\)/address: net.to_string().replace(|_: char| true, "")/' --test phone
mutant addresses-have-no-limit-together src/kiosk/pin/network_guard.rs 's/0\.\.ALL_FREE => 0/0..=u32::MAX => 0/; s/            _ => \(self\.all\.since_ms[^\n]*\n//' --lib pin
mutant a-known-device-has-no-delay-of-its-own src/kiosk/pin/network_guard.rs 's/let name = name_of\(caller\.device\.as_deref\(\)\?\);/let name = name_of(caller.device.as_deref()?) + "0";/' --lib pin
mutant delays-are-never-cleared src/kiosk/pin/network_guard.rs 's/fn clear\(\&mut self\) \{\n/fn clear(\&mut self) {\n        if self.seen < u64::MAX { return; }\n/' --lib pin
mutant a-live-ticker src/kiosk/desk/counts/count.rs 's/(abs_diff\(shown\.lines\(\)\.total\(\)\)) < HIDDEN_BELOW/$1 < 1/' --test kiosk desk
mutant few-are-told src/feedback/tally.rs 's/0 < self\.total && self\.total < HIDDEN_BELOW/false/' --test kiosk desk
# The desk on a phone: nothing without the PIN, nothing by somebody else's form, nothing planted.
mutant anybody-is-in src/kiosk/desk/phone/served/sessions.rs 's/pin\.is_some_and\(\|pin\| pin == session\.pin\)/true/; s/find\(\|session\| session\.token == digest\)/first_mut()/; s/sessions\.iter_mut\(\)\.first_mut/sessions.first_mut/' --test phone
mutant any-form src/kiosk/desk/phone/served/pages.rs 's/is_from_here && is_own_form\(&session\.token, given\)/is_from_here/' --test phone
mutant any-origin src/web/guard.rs 's/    text\(ORIGIN\)\.is_none_or\(\|origin\| origin == own\)\n        && site/    let _ = own;\n    site/' --test phone
mutant phone-tries-are-free src/kiosk/desk/phone/served/sessions.rs 's/let device = self\.guard\.enter\(pin, caller, now_ms\)\?;/let device = crate::secret::token::random();\n        let _ = caller;\n        if !crate::secret::pin::is_right(pin, pin::kept(&self.data_dir).unwrap_or_default().trim()) { return Err(Denied::Wrong { left: 4 }); }/' --test phone
# A call is promised only once it is on disk.
# Nobody is thanked for one thing because another was kept.
mutant whatever-is-kept-thanks src/feedback/visit.rs 's/self\.under_way\.take_if\(is_awaited\)/self.under_way.take_if(|it| is_awaited(it) || !matches!(it.0, UnderWay::Call))/' --lib visit
mutant promised-before-it-is-kept src/feedback/visit/help.rs 's/vec!\[Effect::KeepCall \{ at_ms \}\]/vec![Effect::KeepCall { at_ms }, Effect::Attend(Attending::Asked)]/' --lib visit
mutant misuse-takes-back src/feedback/tally/standing.rs 's/reason == Reason::Held/reason <= Reason::Held/' --lib tally
mutant one-line-for-all-wordings src/feedback/tally/score.rs 's/self\.version == version && //' --test kiosk desk
# What is carried by hand.
mutant unsigned-frames-are-taken src/carried/file.rs 's/find\(\|key\| is_signed\(key, &message, &signature\)\)/find(|key| is_signed(key, \&message, \&signature) || !signature.is_empty())/' --no-default-features --features hub --test hub import
mutant a-frame-of-another-file src/carried/file.rs 's/\{DELIVERY\}\\n\{\}\\n\{\}\\n\{frame\}\\n", header\.kiosk, header\.nonce/{DELIVERY}\\n{}\\n{frame}\\n", header.kiosk/; s/match delivery\.nonce == self\.header\.nonce/match !delivery.nonce.is_empty()/' --no-default-features --features hub --test hub import
mutant a-frame-of-another-place src/carried/file.rs 's/\{DELIVERY\}\\n\{\}\\n\{\}\\n\{frame\}\\n"/{DELIVERY}\\n{}\\n{}\\n{}\\n"/; s/header\.kiosk, header\.nonce\)\n\}\n\nfn signed_part/header.kiosk, header.nonce, frame.min(1))\n}\n\nfn signed_part/' --no-default-features --features hub --test hub import
mutant an-unsigned-receipt-is-believed src/carried/file.rs 's/if !is_signed\(&hub\.verify, &receipt_part\(&body\), &signature\)/if !is_signed(\&hub.verify, \&receipt_part(\&body), \&signature) \&\& body.is_empty()/' --no-default-features --features hub --test hub import
mutant an-old-file-is-a-clone src/hub/rules/clones.rs 's/\.filter\(\|_\| way == Way::Sent\)//' --no-default-features --features hub --test hub import
mutant an-old-file-is-news src/hub/rules/books.rs 's/self\.taken >= told\.taken/self.taken < told.taken - told.taken/' --no-default-features --features hub --test hub import
mutant a-call-is-an-alarm-for-ever src/hub/figures/calls_and_notes.rs 's/15 \* 60 \* 1_000/24 * 60 * 60 * 1_000/' --no-default-features --features hub --test hub dashboard
mutant an-answered-call-is-an-alarm src/hub/figures/calls_and_notes.rs 's/step\.called == Called::Asked/step.utc_ms > 0/' --no-default-features --features hub --test hub dashboard
# A run and a boot have an owner, and one kiosk's word moves only that kiosk.
mutant another-kiosks-run-is-taken src/hub/rules/claims.rs 's/owner == kiosk\)/owner == kiosk || owner > 0)/' --test hub owners
mutant a-boot-is-anybodys src/hub/archive/sql/ingest.rs 's/delete from boot where kiosk = 0 and uuid = \$1 returning/delete from boot where uuid = \$1 returning/; s/delete from anchor where kiosk = 0 and boot = \$1/delete from anchor where boot = \$1/' --test hub owners
mutant one-kiosk-moves-the-chain src/hub/rules/restored.rs 's/SHOPS_IN_DOUBT: u32 = 3/SHOPS_IN_DOUBT: u32 = 1/' --test hub epochs
mutant an-epoch-at-each-delivery src/hub/rules/restored.rs 's/EPOCH_LIFE_MS: i64 = 60 \* 60/EPOCH_LIFE_MS: i64 = -60/' --test hub epochs
# What is deleted is out of the tallies, stays away, is told until it is let go of, and is gone.
mutant deleted-still-counts src/hub/archive/sql/deliveries.rs 's/        sheet\.without\(&numbers, &mut self\.differences\);\n/        drop(sheet);\n/' --test hub keeping
mutant deleted-leaves-no-trace src/hub/archive/sql/gone.rs 's/    tx\.insert\(&GONE, .*?\.await\n/    drop(ranges.into_iter().map(range).count());\n    Ok(())\n/s' --test hub keeping
mutant the-taken-back-press-stays-so src/hub/archive/sql/facts.rs 's/let replaced = changing\.iter\(\)\.filter_map\(\|held\| held\.replaces\);/let replaced = std::iter::empty::<u32>();/' --test hub keeping
mutant a-kiosk-is-told-for-ever src/hub/rules/keeping.rs 's/Some\(let_go\) if let_go == newest => None/Some(let_go) if let_go == newest + 9 => None/' --test hub keeping
mutant a-change-names-more-than-a-receipt src/hub/rules/keeping.rs 's/ranges > RANGES_MAX\n/ranges > 4 * RANGES_MAX\n/' --test hub keeping
mutant a-moment-too-short src/hub/rules/keeping.rs 's/latest_ms < until_ms/latest_ms <= until_ms/' --test hub keeping
mutant a-wrong-clock-keeps-for-ever src/hub/rules/keeping.rs 's/Quality::Unknown => received_ms/Quality::Unknown => moment.utc_ms/' --test hub keeping
mutant conflicts-outlive-their-event src/hub/archive/sql/gone.rs 's/\["event", "conflict"\]/["event"]/' --test hub keeping
mutant words-stay-in-the-file src/hub/archive/sqlite.rs 's/"secure_delete", true/"secure_delete", false/' --test hub keeping
mutant what-is-left-is-skipped src/hub/archive/sql/deleting.rs 's/if first\.len\(\) < over\.len\(\) \{ Some\(reached\) \} else \{ next \}/next/' --test hub keeping
mutant nobody-takes-the-boot src/hub/archive/sql/ingest.rs 's/where kiosk = 0 and uuid = \$1 returning/where kiosk = -1 and uuid = \$1 returning/' --test hub keeping
# What was taken for one place goes to no other.
mutant the-journal-moves-along src/kiosk/settings/owners.rs 's/(            Leave::Journal \{ is_given_up \} => \{\n)/$1                if before.is_some() { return new.write(data_dir); }\n/' --test together owners
mutant a-trial-is-sent src/kiosk/enrolling.rs 's/Some\(Leave::Journal \{ is_given_up: false \}\)/Some(Leave::Keep)/' --test together owners
mutant a-reset-looks-at-nothing src/kiosk/reset.rs 's/if !waiting\.is_empty\(\) && !gives_up/if waiting.len() > 99 \&\& !gives_up/' --test together owners
mutant an-unread-journal-is-empty src/kiosk/desk/tools/verify.rs 's/ && sums\.holds\(\) && sums\.unread\.is_none\(\);/ && sums.holds();/' --test kiosk owners
mutant any-hub-is-the-former-one src/kiosk/uplink.rs 's/from_hex\(by\) == Some\(key\)/from_hex(by) == Some(key) || !by.is_empty()/' --test kiosk owners
mutant the-slower-overwrites src/kiosk/enrolling.rs 's/if is_still \{ Ok\(now\) \}/if is_still || now.is_some() { Ok(now) }/' --test kiosk owners
mutant a-stick-by-the-old-token src/kiosk/desk/tools/stick.rs 's/match Owners::receiver\(data_dir, place\.former\.number\)/match Ok::<_, std::io::Error>(place.former.place().cloned())/' --test together former
mutant a-superseded-board-is-a-stranger src/hub/archive/sql/credentials.rs 's/\(revoked_ms is null or is_superseded = 1\)/revoked_ms is null/' --test hub import
mutant the-revoked-still-sign src/hub/archive/sql/credentials.rs 's/update token set is_superseded = 0 where kiosk = \$1/update token set is_superseded = is_superseded where kiosk = \$1/' --test hub import
# A foreign folder is never ours, and the journal knows its own file.
mutant links-are-followed src/foreign.rs 's/AtFlags::SYMLINK_NOFOLLOW/AtFlags::empty()/; s/flags \| OFlags::NOFOLLOW \| OFlags::CLOEXEC/flags | OFlags::CLOEXEC/; s/ResolveFlags::BENEATH \| ResolveFlags::NO_SYMLINKS \| ResolveFlags::NO_MAGICLINKS/ResolveFlags::empty()/' --test hostile stick
mutant a-receipt-for-a-header src/hub/carried/import.rs 's/if reader\.signer\(\)\.is_none\(\)/if reader.signer().is_none() \&\& now_ms == 0/' --test hostile stick
mutant all-kiosks-share-a-folder src/kiosk/desk/tools/own_folder.rs 's/runs\.contains\(&run\)/runs.contains(\&run) || run != runs[0]/' --test together carried
mutant one-bad-file-ends-all src/kiosk/desk/tools/stick.rs 's/Err\(error\) => fails\(&path\(&name\), &error\),\n        \}\n    \}\n    if let Some\(enrolment\) = enrolment\.filter/Err(error) => return Err(error.into()),\n        }\n    }\n    if let Some(enrolment) = enrolment.filter/' --test hostile stick
mutant another-file-is-not-noticed src/kiosk/journal/append.rs 's/self\.own\.as_ref\(\)\.is_none_or\(\|own\| own\.is_in\(&self\.folder\)\)/self.own.is_some() || self.own.is_none()/' --test hostile stick
mutant a-look-drops-the-lock src/kiosk/journal/rescue/own.rs 's/(        let there = std::fs::symlink_metadata)/        drop(File::open(folder.join(FILE)));\n$1/' --test kiosk program
# What is printed does not act.
mutant control-characters-act src/escape.rs 's/    c\.is_control\(\)\n        \|\| matches!\(c, /    c == \x27\\0\x27\n        || matches!(c, /' --test hostile terminal
# Strangers hold nothing.
mutant body-before-token src/hub/kiosks/admission.rs 's/        let \(bearer, token\) = bearer_of\(request\.headers\(\), shared\)\.await\?;/        let headers = request.headers().clone();\n        let Ok(_body) = Body::from_request(request, shared).await;\n        let request = Request::new(axum::body::Body::empty());\n        let (bearer, token) = bearer_of(&headers, shared).await?;/g' --test hostile
mutant no-write-timeout src/web/server/watched.rs 's/Poll::Ready\(\(\)\) => Poll::Ready\(Err/Poll::Ready(()) if self.write.is_zero() => Poll::Ready(Err/; s/Poll::Pending => Poll::Pending,\n        \}/_ => Poll::Pending,\n        }/' --test hostile
mutant the-silent-stay src/web/server/open.rs 's/self\.entries\.swap_remove\(at\)\.task\.abort\(\);\n        true/self.entries.len() + at == 0/' --lib web
mutant no-lingering src/web/server/connection.rs 's/while let Ok\(1\.\.\) = stream\.read\(&mut rest\)\.await \{\}/let _ = stream.read(\&mut rest[..0]).await;/' --test hostile
mutant out-of-descriptors-is-quiet src/web/server.rs 's/if is_due \{/if is_due \&\& complained_at.is_some() {/' --test hostile
mutant memory-is-kept src/web/server.rs 's/if crowd\.has_gone\(open\.count_anew\(\)\)/if crowd.has_gone(open.count_anew()) \&\& open.count() > 1_000_000/' --test hostile crowd
mutant many-requests-come-first src/web/server/connection.rs 's/                tokio::task::yield_now\(\)\.await;\n//' --lib web
# A strange page's name leads nowhere.
mutant any-name-leads-here src/web/hosts.rs 's/if !hosts\.has\(&request\)/if !hosts.has(\&request) \&\& !hosts.is_loopback/' --test hostile rebinding
mutant the-names-end-is-enough src/web/hosts.rs 's/\|\| name\.ends_with\("\.localhost"\)/|| name.ends_with("localhost")/' --test hostile rebinding
mutant the-second-name-is-not-read src/web/hosts.rs 's/ && second\.is_none\(\)//; s/\[header, line\]\.into_iter/{ let _ = second; [header.or(line)] }.into_iter/' --test hostile rebinding
# Foreign texts turn nothing on a page, and no line costs memory.
mutant characters-act-on-pages src/web/page.rs 's/PreEscaped\(Lines\(&body\.0\)\.to_string\(\)\)/body/' --test hostile pages
mutant foreign-texts-turn-ours src/web/page.rs 's/bdi \{ \(self\.0/span { (self.0/' --test hostile pages
mutant script-lines-have-no-limit src/foreign.rs 's/line\.len\(\) \+ part\.len\(\) > bytes_max/bytes_max == 0/' --test hostile local
# What comes from head office is checked.
mutant any-cost-of-a-pin src/secret/pin.rs 's/params\.m_cost\(\) <= MEMORY_KIB_MAX/params.m_cost() <= MEMORY_KIB_MAX.max(u32::MAX)/' --no-default-features --features kiosk --lib secret
mutant a-receipt-settles-what-was-never-carried src/kiosk/uplink/carried.rs 's/\.within\(&file\.held\)//' --test hostile head_office::no_receipt
mutant pruning-believes-the-hubs-year src/feedback/moment/limit.rs 's/is_dated && reading\.wall_ms < self\.wall_ms/is_dated/' --test kiosk journal
mutant a-hub-is-heard-at-each-delivery src/feedback/moment/word.rs 's/is_hubs\(&new\) && heard/is_hubs(\&new) \&\& new.error_ms > 1_000_000 \&\& heard/' --lib moment
mutant a-kiosks-name-is-a-path src/kiosk/settings/enrolment.rs 's/c\.is_alphanumeric\(\) \|\| c == \x27-\x27/!c.is_control()/' --test hostile head_office::no_enrolment
mutant a-sentence-has-no-end src/escape.rs 's/SENTENCE_CHARS_MAX: usize = 300/SENTENCE_CHARS_MAX: usize = 300_000/' --test hostile head_office::a_refused
mutant a-survey-of-any-size src/wire/survey.rs 's/if !sizes\.0\.is_empty\(\)/if sizes.0.len() > 1_000/' --lib wire
mutant restored-at-each-delivery src/kiosk/uplink/sender.rs 's/let is_less = left < self\.least_left;/let is_less = left.min(self.least_left) < u64::MAX;/' --test hostile head_office::a_head_office
# A kiosk follows nobody but its own head office to another address.
mutant the-token-is-shown-before-the-proof src/kiosk/uplink/moving.rs 's/(        prove\(&mut way, said, &key\)\.await\?;\n)(        self\.show_token\(&mut way\)\.await\?;\n)/$2$1/' --test hostile moving
mutant any-proof-will-do src/kiosk/uplink/moving.rs 's/is_vouched\(key, &nonce, said, &signature\)/is_vouched(key, \&nonce, said, \&signature) || !signature.is_empty()/' --test hostile moving
mutant a-hub-vouches-for-any-address src/hub/kiosks/identity.rs 's/\.as_ref\(\) != Some\(&address\)/.is_none()/' --test hostile moving
mutant plain-http-will-do src/kiosk/uplink/moving.rs 's/&& !way\.hub\(\)\.starts_with\("https:"\)/\&\& way.hub().is_empty()/' --test together moving
mutant the-old-shops-pin-opens-a-moved-desk src/hub/rules/whereabouts.rs 's/None if own\.is_some\(\) && own == old/None if own.is_some() \&\& own == old \&\& own == new/' --test hub places
# Pages are bounded.
mutant any-name-is-a-line src/hub/rules/lines.rs 's/LINES_MAX: usize = 20/LINES_MAX: usize = 20_000/' --test hub dashboard
mutant replaced-presses-count-on src/hub/rules/tallying.rs 's/CountsAs::TakenBack => Column::Replaced/CountsAs::TakenBack => Column::Misuse/' --test hub exact
mutant viewers-who-left-are-served src/hub/archive/sqlite/errands.rs 's/self\.0\.store\(true/self.0.store(false/' --lib hub::archive
# A greedy kiosk costs no other one its turn, and the hub no more than its budget.
mutant a-kiosk-has-every-place src/hub/kiosks/gate.rs 's/(REQUESTS_OF_ONE_MAX: usize = )2/${1}200/' --test hostile greedy
mutant nobody-waits-for-a-turn src/hub/kiosks/gate.rs 's/turn: Arc::new\(Semaphore::new\(1\)\)/turn: Arc::new(Semaphore::new(64))/' --lib hub::kiosks
mutant slow-deliveries-come-again src/hub/kiosks/gate.rs 's/(SLOW_MS: u64 = )MINUTE_MS/${1}0/' --lib hub::kiosks
mutant a-budget-without-an-end src/hub/rules/budget.rs 's/self\.on_day_of\(now_ms\) >= budget/self.on_day_of(now_ms) > u64::MAX - budget/' --test hostile greedy
mutant conflicts-cost-nothing src/hub/archive/sql/set_aside.rs 's/\*bytes \+= ROW_BYTES \+ count\(content\.len\(\)\);//; s/bytes: &mut u64/_bytes: \&mut u64/' --test hostile greedy
mutant every-publication-is-read src/hub/archive/sqlite/0023_numbers.sql 's/create index survey_by_scope on survey \(shop_group, shop, touchpoint, publication\);//' --lib hub::archive::sql::cost
mutant every-boot-is-read src/hub/archive/sqlite/0023_numbers.sql 's/create index boot_told on boot \(kiosk, first_run\)/create index boot_told on boot (uuid)/' --lib hub::archive::sql::cost
mutant the-first-kiosk-is-always-next src/hub/archive/sql/dating.rs 's/order by case when kiosk\.id <= \$1 then 1 else 0 end, kiosk\.id/where cast(\$1 as text) is not null order by kiosk.id/' --lib hub::archive::sql
exit $missed
