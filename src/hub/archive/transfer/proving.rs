//! Proves that what has come is what has gone.

use super::copying::{Cells, Progress, Source, at_once, key_of};
use super::manner::{Error, Gone};
use crate::hub::archive::sql::tables::{TABLES, Table};
use crate::hub::archive::value::Value;
use crate::hub::archive::{Archive, Recounted};
use crate::wire::report::Reconciled;

/// Reads every row at both ends and compares them; returns how many there are.
pub(super) async fn rows(
    source: &mut Source<'_>,
    target: &Archive,
    progress: &mut Progress,
) -> Result<u64, Error> {
    progress.begin("rows compared", None);
    let (mut target, mut all) = (Source::Still(target), 0);
    for table in &TABLES {
        let at_once = at_once(table, &progress.manner);
        let mut last: Option<Cells> = None;
        loop {
            progress.may_go_on()?;
            let gone = source.page(table, last.as_ref(), at_once).await?;
            let come = target.page(table, last.as_ref(), at_once).await?;
            if let Some(differs) = difference(table, &gone, &come) {
                return Err(Error::Differs(differs));
            }
            let Some(row) = gone.last() else { break };
            last = Some(row.clone());
            all += u64::try_from(gone.len()).unwrap_or(u64::MAX);
            progress.count(table.name(), gone.len());
        }
    }
    Ok(all)
}

/// The first row that is not the same, in words.
fn difference(table: &Table, gone: &[Cells], come: &[Cells]) -> Option<String> {
    let name = table.name();
    let place =
        (0..gone.len().max(come.len())).find(|place| gone.get(*place) != come.get(*place))?;
    let row = gone.get(place).or_else(|| come.get(place))?;
    let key: Vec<String> = key_of(table, row).iter().map(told).collect();
    let key = key.join(", ");
    Some(match (gone.get(place), come.get(place)) {
        (Some(_), None) => format!("in the table {name} the row ({key}) is missing"),
        (None, _) => format!("in the table {name} there is a row ({key}) too many"),
        _ => format!("in the table {name} the row ({key}) is another one"),
    })
}

fn told(value: &Value) -> String {
    match value {
        Value::Null(_) => "nothing".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        // It may be what is kept of a secret.
        Value::Bytes(bytes) => format!("{} bytes", bytes.len()),
    }
}

/// Asks both ends for the account and the tallies of each kiosk, and compares them.
pub(super) async fn accounts(
    source: &Archive,
    target: &Archive,
    progress: &mut Progress,
) -> Result<Gone, Error> {
    let kiosks = source.kiosk_numbers().await?;
    progress.begin("kiosks recounted", u64::try_from(kiosks.len()).ok());
    let mut gone = Gone::default();
    for (_, kiosk) in kiosks {
        progress.may_go_on()?;
        let (before, after) = (of(source, &kiosk).await?, of(target, &kiosk).await?);
        if before.0 != after.0 {
            return Err(Error::Differs(format!("{kiosk} has another account")));
        }
        if before.1 != after.1 {
            return Err(Error::Differs(format!("{kiosk} is counted in another way")));
        }
        let (account, counted) = after;
        if !counted.wrong.is_empty() {
            return Err(Error::Differs(format!("the tallies of {kiosk} do not hold")));
        }
        gone.kiosks += 1;
        gone.events += counted.events;
        if !account.holds {
            gone.unsettled.push(account.kiosk);
        }
        progress.count(&kiosk, 1);
    }
    Ok(gone)
}

async fn of(archive: &Archive, kiosk: &str) -> Result<(Reconciled, Recounted), Error> {
    let account = archive.reconcile(kiosk.to_owned()).await?;
    Ok((account, archive.recount(kiosk.to_owned()).await?))
}
