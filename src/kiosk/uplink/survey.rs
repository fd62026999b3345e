//! Fetches the survey from head office.
//!
//! A receipt names the survey that is meant for this kiosk, so that nothing is fetched while it
//! has that one. What comes is checked whole before it takes the place of the last good one. It
//! says itself which one it is: headers such as `ETag` are changed and dropped by proxies.

use reqwest::StatusCode;
use reqwest::header::CACHE_CONTROL;

use super::client::{is_json, parse, read};
use super::sender::{Attempt, Sender};
use crate::clock;
use crate::kiosk::office_survey::{OfficeSurvey, Unfit};
use crate::wire::survey::{Published, SURVEY};

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
        if !self.awaited.may_ask(&wanted, clock::boot_ms()) {
            return;
        }
        match self.fetch_survey(wanted).await {
            Ok(published) => self.take_survey(&published),
            Err(why) => {
                self.awaited.failed(wanted, clock::boot_ms());
                tracing::warn!(why, "cannot fetch the survey; the kiosk asks the last one");
                self.complaint = Some(format!("survey {} cannot be fetched: {why}", wanted.1));
            }
        }
    }

    /// Fetches the survey with this name, or one that was published since.
    async fn fetch_survey(&mut self, wanted: (u64, u64)) -> Result<Published, String> {
        let client = self.connector.client().map_err(|error| error.to_string())?;
        let address = format!("{}{SURVEY}", self.connector.hub());
        let request = client.get(address).bearer_auth(self.token());
        let answer = request.header(CACHE_CONTROL, "no-cache").send().await;
        let answer = answer.map_err(|error| self.connector.why(&error))?;
        let (status, is_json) = (answer.status(), is_json(&answer));
        let body = read(answer).await.map_err(|error| self.connector.why(&error))?;
        let published: Option<Published> = parse(is_json && status == StatusCode::OK, &body);
        let published =
            published.ok_or_else(|| format!("answered {status}, but without a valid survey"))?;
        let (epoch, publication) = wanted;
        // What a cache on the way has kept of yesterday is not what the receipt has named.
        let is_meant = published.epoch == epoch && published.publication >= publication;
        is_meant.then_some(published).ok_or_else(|| {
            "something on the way to head office answers with an older survey: it must not keep \
             answers for later"
                .to_owned()
        })
    }

    fn take_survey(&mut self, published: &Published) {
        match OfficeSurvey::check(published, &self.config.settings) {
            Ok(given) => {
                if !self.is_left()
                    && let Err(error) =
                        OfficeSurvey::keep(&self.config.settings.data_dir, published)
                {
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
