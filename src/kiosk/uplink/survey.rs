//! Fetches the survey from head office.
//!
//! A receipt names the survey that is meant for this kiosk, so that nothing is fetched while it
//! has that one. What comes is checked whole before it takes the place of the last good one.

use reqwest::StatusCode;
use reqwest::header::{ETAG, IF_NONE_MATCH};

use super::client::{is_json, parse, read};
use super::sender::{Attempt, Sender};
use crate::kiosk::office_survey::{OfficeSurvey, Unfit};
use crate::wire::survey::{Published, SURVEY, etag};

const OWN_SURVEY: &str = "its configuration names a survey of its own";

impl Sender {
    /// Fetches the survey that a receipt named, if the kiosk has another one.
    pub(super) async fn ask_for_survey(&mut self, attempt: &Attempt) {
        let Some(wanted) = attempt.survey else {
            return;
        };
        if self.config.settings.has_own_survey {
            // Head office gets the reason why its survey is not asked here.
            self.complaint = (wanted.1 != 0).then(|| OWN_SURVEY.to_owned());
            return;
        }
        let has_none = self.config.survey.is_none_or(|(_, publication)| publication == 0);
        if self.config.survey == Some(wanted) || has_none && wanted.1 == 0 {
            self.complaint = None;
            self.refused = None;
            return;
        }
        if self.refused == Some(wanted) {
            return;
        }
        match self.fetch_survey().await {
            Ok(Some(published)) => self.take_survey(&published),
            Ok(None) => {}
            Err(why) => {
                tracing::warn!(why, "cannot fetch the survey; the kiosk asks the last one");
                self.complaint = Some(format!("survey {} cannot be fetched: {why}", wanted.1));
            }
        }
    }

    /// Fetches the survey; none when the kiosk has it already.
    async fn fetch_survey(&self) -> Result<Option<Published>, String> {
        let address = format!("{}{SURVEY}", self.config.enrolment.hub);
        let mut request = self.client.get(address).bearer_auth(self.token());
        if let Some((epoch, publication)) = self.config.survey {
            request = request.header(IF_NONE_MATCH, etag(epoch, publication));
        }
        let answer = request.send().await.map_err(|error| error.to_string())?;
        let (status, is_json) = (answer.status(), is_json(&answer));
        if status == StatusCode::NOT_MODIFIED {
            return Ok(None);
        }
        let tag = answer.headers().get(ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        let body = read(answer).await.map_err(|error| error.to_string())?;
        let published: Option<Published> = parse(is_json && status == StatusCode::OK, &body);
        // An answer is whole only if its ETag and its body name the same survey.
        let name = |published: &Published| etag(published.epoch, published.publication);
        let published = published.filter(|published| tag.as_ref() == Some(&name(published)));
        published.map(Some).ok_or_else(|| format!("answered {status}, but without a valid survey"))
    }

    fn take_survey(&mut self, published: &Published) {
        match OfficeSurvey::check(published, &self.config.settings) {
            Ok(given) => {
                if let Err(error) = OfficeSurvey::keep(&self.config.settings.data_dir, published) {
                    // It is asked now, and fetched again after the next start.
                    tracing::warn!(%error, "cannot save the survey");
                }
                self.complaint = None;
                self.refused = None;
                self.config.survey = Some(given.name);
                let own = || self.config.settings.survey.clone();
                (self.config.on_survey)(given.survey.unwrap_or_else(own));
            }
            Err(unfit) => self.refuse_survey(published.epoch, &unfit),
        }
    }

    fn refuse_survey(&mut self, epoch: u64, unfit: &Unfit) {
        let complaint = unfit.to_string();
        tracing::error!(
            complaint,
            "head office's survey is refused; the kiosk asks the last good one"
        );
        self.refused = Some((epoch, unfit.publication));
        self.complaint = Some(complaint);
    }
}
