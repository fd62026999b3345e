//! What the doctor says of the replica that exports are read from.

use std::path::Path;
use std::time::Duration;

use crate::escape::chain;
use crate::finding::{Finding, fine, note, wrong};
use crate::hub::archive::ArchiveSettings;
use crate::hub::archive::postgres::Behind;
use crate::hub::archive::replica::{Reader, behind};

/// A replica that is behind for longer than this, in seconds, does not follow any more.
const SECONDS_MAX: u64 = 10 * 60;

/// How long what was committed a moment ago may be on its way.
const ON_ITS_WAY: Duration = Duration::from_secs(1);

/// Whether the replica shows the archive, and how far it is behind; nothing where there is none.
pub(super) async fn replica(data_dir: &Path, at: &ArchiveSettings) -> Vec<Finding> {
    let (Some(archive), Some(address)) = (&at.postgres, &at.replica) else { return Vec::new() };
    let shown = address.shown();
    let Ok(reader) = Reader::open(data_dir, at).await else {
        return vec![note(format!("replica: {shown} is not looked at: see the archive's line"))];
    };
    let proved = reader.prove().await;
    reader.close().await;
    let measured = async {
        proved?;
        let first = behind(archive, address).await?;
        if !is_late(&first) {
            return Ok(first);
        }
        // The first commit after a long silence is no sign that it was behind before.
        tokio::time::sleep(ON_ITS_WAY).await;
        behind(archive, address).await
    };
    match measured.await {
        Ok(behind) => told(&shown, &behind),
        Err(error) => vec![wrong(format!(
            "replica: {shown}: {}; exports are read from the archive itself meanwhile",
            chain(&error)
        ))],
    }
}

fn is_late(behind: &Behind) -> bool {
    behind.bytes > 0 && behind.seconds.is_none_or(|seconds| seconds > SECONDS_MAX)
}

fn told(shown: &str, behind: &Behind) -> Vec<Finding> {
    let kib = behind.bytes.div_ceil(1_024);
    let since = behind.seconds.map(|seconds| format!(" and {} min", seconds / 60));
    let since = since.unwrap_or_default();
    let first = match behind {
        Behind { bytes: 0, .. } => fine(format!("replica: {shown} has what the archive has")),
        behind if is_late(behind) => wrong(format!(
            "replica: {shown} is {kib} KiB{since} behind: see in its server's log whether it still \
             follows the primary; exports show that old a state"
        )),
        _ => fine(format!("replica: {shown} is {kib} KiB{since} behind, and follows")),
    };
    let feedback = note(
        "replica: set hot_standby_feedback = on there, or what is read for long may be broken off",
    );
    [first].into_iter().chain((!behind.has_feedback).then_some(feedback)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::State;

    #[test]
    fn a_replica_that_does_not_follow_is_wrong() {
        let state = |bytes, seconds| {
            let behind = Behind { bytes, seconds, has_feedback: true };
            let mut found = told("x", &behind);
            assert_eq!(found.len(), 1);
            found.remove(0).state
        };
        assert_eq!(state(0, Some(9_000)), State::Fine, "nothing was written since");
        assert_eq!(state(5_000, Some(3)), State::Fine);
        assert_eq!(state(5_000, Some(601)), State::Wrong);
        assert_eq!(state(5_000, None), State::Wrong);
    }
}
