//! Publishing surveys: a survey is checked completely before any kiosk can fetch it.
//!
//! One check needs the archive: a question whose words or faces have changed needs a new version,
//! so that no line of scores runs across the change.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::Error;
use crate::config::{self, Complaints};
use crate::escape::Plain;
use crate::feedback::survey::{Question, Texts};
use crate::hub::archive::{self, Archive, Publication, Scope, Status};
use crate::hub::rules::names;
use crate::wire::ANSWER_BYTES_MAX;
use crate::wire::survey::Survey;

/// Reads and checks a survey.
///
/// # Errors
/// Every complaint at once, each with its place and what is allowed.
pub fn read(file: &Path) -> Result<Survey, Complaints> {
    let (survey, mut complaints) = config::read::<Survey>(file)?;
    if let Err(list) = survey.check() {
        complaints.take(&list, "");
    }
    let mut survey = survey;
    for slot in &mut survey.schedule {
        slot.touchpoints.iter_mut().for_each(|touchpoint| *touchpoint = names::tidy(touchpoint));
    }
    let bytes = serde_json::to_vec(&survey).map_or(0, |json| json.len());
    let bytes_max = ANSWER_BYTES_MAX / 2;
    let what = format!("has {bytes} bytes; a kiosk reads at most {bytes_max}");
    complaints.unless(bytes <= bytes_max, "survey", what);
    complaints.or(survey)
}

/// What kiosks need fonts of their system for, a line for each language; nothing where their own
/// have every character.
#[must_use]
pub fn fonts(survey: &Survey) -> String {
    let needs = survey.check().map(|survey| survey.needs_fonts()).unwrap_or_default();
    needs.into_iter().map(|need| format!("note: {need}\n")).collect()
}

/// Compares a survey with all that were published before.
///
/// # Errors
/// Every complaint as a sentence that names the place and the cure.
pub fn compare(survey: &Survey, scope: &Scope, before: &[Publication]) -> Result<(), Vec<String>> {
    let mut complaints = BTreeMap::new();
    let asked = survey.check()?;
    for publication in before {
        let number = publication.number;
        let known = match content(publication) {
            Content::Withdrawn => continue,
            Content::Survey(known) => known,
            Content::Unreadable => {
                let what = format!(
                    "publication {number} was made by a newer version of this program: publish \
                    with \
                     that version"
                );
                complaints.insert("version".to_owned(), what);
                continue;
            }
        };
        let version = survey.version;
        if publication.scope == *scope && known.version > version {
            let newest = known.version;
            let what = format!(
                "{version} is older than version {newest} of publication {number}: set a higher one"
            );
            complaints.insert("version".to_owned(), what);
        } else if publication.scope == *scope && known.version == version && known != *survey {
            let what = format!(
                "{version} for {scope} has other content in publication {number}: set a higher one"
            );
            complaints.insert("version".to_owned(), what);
        }
        // An earlier survey is compared as it was asked: with the built-in words where it had none
        // of its own.
        let Ok(known) = known.check() else {
            continue;
        };
        for question in &asked.parts().questions {
            let id = &question.id;
            let version = question.version;
            let is_same = |known: &&Question| known.id == *id && known.version == version;
            let same = known.parts().questions.iter().find(is_same);
            if same.is_some_and(|known| asks_otherwise(known, question)) {
                let what = format!(
                    "{version} has other words or other faces in publication {number}: set a \
                    higher \
                     one, so that the scores stay apart"
                );
                complaints.insert(format!("questions.{id}.version"), what);
            }
        }
    }
    let list: Vec<String> =
        complaints.iter().map(|(place, what)| format!("{place}: {what}")).collect();
    if list.is_empty() { Ok(()) } else { Err(list) }
}

/// Whether two questions of the same version differ in what makes a score: the words before the
/// press, the faces, or the question for a recommendation. A language that only one of them has
/// changes nothing for the others.
fn asks_otherwise(one: &Question, other: &Question) -> bool {
    let asks = |texts: &Texts| (texts.question.clone(), texts.faces.clone(), texts.nps.clone());
    let differ = |texts: &Texts| {
        let counterpart = other.texts.iter().find(|other| other.language == texts.language);
        counterpart.is_some_and(|other| asks(other) != asks(texts))
    };
    one.scale != other.scale || one.texts.iter().any(differ)
}

/// What a publication holds.
enum Content {
    Survey(Survey),
    Withdrawn,
    /// It was written by a newer version of this program.
    Unreadable,
}

fn content(publication: &Publication) -> Content {
    match publication.content.as_deref().map(serde_json::from_str) {
        None => Content::Withdrawn,
        Some(Ok(survey)) => Content::Survey(survey),
        Some(Err(_)) => Content::Unreadable,
    }
}

/// Publishes a checked survey at this time, in milliseconds since 1970 UTC; returns the number of
/// the publication.
///
/// # Errors
/// When it contradicts what was published before, or the scope's shop is unknown.
pub async fn publish(
    archive: &Archive,
    survey: &Survey,
    scope: Scope,
    now_ms: i64,
) -> Result<u64, Error> {
    let survey = survey.clone().for_every_kiosk();
    let before = archive.surveys().await?;
    compare(&survey, &scope, &before)
        .map_err(|complaints| Error::Invalid(complaints.join("\n  ")))?;
    let content = serde_json::to_string(&survey)
        .map_err(|error| archive::Error::new("write the survey as JSON", error))?;
    put(archive, scope, Some(content), now_ms).await
}

/// Withdraws the survey of a scope at this time, in milliseconds since 1970 UTC; returns the number
/// of the publication that does so.
///
/// # Errors
/// When the scope has no survey.
pub async fn withdraw(archive: &Archive, scope: Scope, now_ms: i64) -> Result<u64, Error> {
    if !has_survey(&scope, &archive.surveys().await?) {
        return Err(Error::Invalid(format!(
            "there is no survey for {scope}; `smilepost-hub survey history` lists all"
        )));
    }
    put(archive, scope, None, now_ms).await
}

async fn put(
    archive: &Archive,
    scope: Scope,
    content: Option<String>,
    now_ms: i64,
) -> Result<u64, Error> {
    let shop = scope.shop.clone().unwrap_or_default();
    let number = archive.publish(scope, content, now_ms).await?;
    number.ok_or_else(|| Error::no_shop(&shop))
}

/// Whether a survey of exactly this scope is in force.
fn has_survey(scope: &Scope, before: &[Publication]) -> bool {
    let newest =
        before.iter().filter(|known| known.scope == *scope).max_by_key(|known| known.number);
    newest.is_some_and(|newest| newest.content.is_some())
}

/// The survey that a kiosk should ask, as TOML; none where it asks its own or the built-in one.
///
/// # Errors
/// When there is no such kiosk, or its survey cannot be read.
pub async fn of_kiosk(archive: &Archive, kiosk: &str) -> Result<Option<String>, Error> {
    let kiosk = super::names::kiosk(archive, kiosk).await?.id;
    let publication = archive.survey(kiosk).await?;
    Ok(publication.as_ref().map(toml).transpose()?)
}

/// A published survey as TOML, to be changed and published again.
fn toml(publication: &Publication) -> Result<String, archive::Error> {
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| {
        archive::Error::new("write the survey as TOML", source)
    };
    let Content::Survey(survey) = content(publication) else {
        return Err(failed("a newer version of this program has written it".into()));
    };
    config::write(&survey).map_err(|error| failed(error.into()))
}

/// The history of all publications, the newest first, a line each.
#[must_use]
pub fn history(publications: &[Publication]) -> String {
    let line = |publication: &Publication| {
        let at = chrono::DateTime::from_timestamp_millis(publication.published_ms);
        let at = at.map_or_else(String::new, |at| at.format("%Y-%m-%d %H:%M UTC").to_string());
        let what = match content(publication) {
            Content::Withdrawn => "withdrawn".to_owned(),
            Content::Unreadable => "cannot be read by this version".to_owned(),
            Content::Survey(survey) => {
                let questions =
                    survey.questions.iter().map(|q| format!("{} {}", Plain(&q.id), q.version));
                let questions: Vec<String> = questions.collect();
                format!("version {}: {}", survey.version, questions.join(", "))
            }
        };
        format!("{}\t{at}\t{}\t{what}\n", publication.number, Plain(&publication.scope))
    };
    publications.iter().map(line).collect()
}

/// Which kiosk in use at this time, in milliseconds since 1970 UTC, asks which survey, a line each,
/// and why a kiosk does not ask the one it was sent.
///
/// # Errors
/// When the archive fails.
pub async fn standing(archive: &Archive, now_ms: i64) -> Result<String, Error> {
    let mut lines = String::new();
    let known = archive.kiosks().await?.into_iter();
    for status in known.filter(|status| !status.is_retired(now_ms)) {
        let Status { kiosk, publication, survey_complaint, .. } = status;
        let meant = archive.survey(kiosk.id.clone()).await?.map(|meant| meant.number);
        let number = |number: Option<u64>| match number {
            None | Some(0) => "none".to_owned(),
            Some(number) => number.to_string(),
        };
        let meant = number(meant);
        let has = number(publication);
        let state = match (&survey_complaint, meant == has) {
            (Some(complaint), _) => complaint,
            (None, true) => "up to date",
            (None, false) => "not fetched yet",
        };
        lines.push_str(&format!("{}\tshould ask {meant}\thas {has}\t{}\n", kiosk.id, Plain(state)));
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::survey::{Question, Texts};

    fn survey(version: u32, question_version: u32, words: &str) -> Survey {
        let texts = Texts {
            language: "en".to_owned(),
            question: words.to_owned(),
            faces: ["Bad", "Okay", "Good"].map(str::to_owned).to_vec(),
            ..Texts::default()
        };
        let question = Question {
            id: "checkout".to_owned(),
            version: question_version,
            scale: 3,
            texts: vec![texts],
            ..Question::default()
        };
        Survey { version, questions: vec![question], ..Survey::default() }
    }

    fn published(number: u64, survey: &Survey) -> Publication {
        let content = Some(serde_json::to_string(survey).unwrap());
        Publication { number, published_ms: 0, scope: Scope::default(), content }
    }

    #[test]
    fn other_words_under_the_same_version_are_refused() {
        let before = [published(1, &survey(1, 1, "How was it?"))];
        let compare = |survey: &Survey| compare(survey, &Scope::default(), &before);
        assert_eq!(compare(&survey(1, 1, "How was it?")), Ok(()), "the same again");
        assert_eq!(compare(&survey(2, 2, "How was your visit?")), Ok(()));
        let complaints = compare(&survey(2, 1, "How was your visit?")).unwrap_err();
        assert!(complaints[0].starts_with("questions.checkout.version: 1 has other words"));
        let complaints = compare(&survey(1, 2, "How was your visit?")).unwrap_err();
        assert!(complaints[0].starts_with("version: 1 for all has other content in publication 1"));
    }

    #[test]
    fn a_further_language_does_not_make_another_question() {
        let before = [published(1, &survey(1, 1, "How was it?"))];
        let mut more = survey(2, 1, "How was it?");
        let mut finnish = more.questions[0].texts[0].clone();
        finnish.language = "fi".to_owned();
        more.questions[0].texts.push(finnish);
        assert_eq!(compare(&more, &Scope::default(), &before), Ok(()));
        for texts in &mut more.questions[0].texts {
            texts.faces.push("Very good".to_owned());
        }
        more.questions[0].scale = 4;
        assert!(compare(&more, &Scope::default(), &before).is_err(), "other faces are");
    }

    #[test]
    fn own_words_need_a_new_version_and_versions_only_rise() {
        let mut built_in = survey(2, 1, "");
        built_in.questions[0].texts.clear();
        let before = [published(1, &built_in)];
        let complaints = |survey: &Survey| compare(survey, &Scope::default(), &before).unwrap_err();
        assert!(complaints(&survey(3, 1, "How was it?"))[0].starts_with("questions.checkout"));
        assert!(complaints(&survey(1, 2, "How was it?"))[0].starts_with("version: 1 is older"));
    }
}
