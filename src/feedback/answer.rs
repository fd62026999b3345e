//! The answer to a follow-up: a reason, how likely a recommendation is, or a comment.
//!
//! A follow-up that was skipped or that nobody answered is an answer too, so that a share of
//! reasons can be told from a share of shoppers.

use crate::feedback::named::named;
use crate::feedback::rating::Wording;

/// The longest comment, in characters.
pub const COMMENT_CHARS_MAX: usize = 200;

/// The highest answer to the question for a recommendation (0 to 10).
pub const NPS_MAX: u8 = 10;

/// The longest short name of a reason, in characters.
pub const REASON_CHARS_MAX: usize = 20;

named! {
    /// What is asked after a rating.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum FollowUp {
        /// What it was about: one of up to six reasons.
        Reasons = "reasons",
        /// How likely a recommendation is, 0 to 10, of which the Net Promoter Score is made.
        Nps = "nps",
        /// Own words; only where head office switches it on.
        Comment = "comment",
    }
}

/// The shopper's reply to a follow-up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    /// The short name of the reason that was tapped.
    Reason(String),
    /// 0 to [`NPS_MAX`].
    Nps(u8),
    /// One line of 1 to [`COMMENT_CHARS_MAX`] characters.
    Comment(String),
    /// "Skip" was tapped.
    Skipped,
    /// Nothing was tapped until the page went away.
    TimedOut,
}

/// A follow-up and its reply; a reply that does not fit the follow-up cannot be built into one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Answer {
    follow_up: FollowUp,
    reply: Reply,
}

/// The reply does not fit the follow-up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reply:?} is not a valid answer to {}", follow_up.name())]
pub struct NoAnswer {
    /// What was asked.
    pub follow_up: FollowUp,
    /// The reply.
    pub reply: Reply,
}

impl Answer {
    /// A follow-up and its reply.
    ///
    /// # Errors
    /// [`NoAnswer`] when the reply belongs to another follow-up, or is too long or too high.
    pub fn new(follow_up: FollowUp, reply: Reply) -> Result<Self, NoAnswer> {
        let is_line = |text: &str, chars_max: usize| {
            !text.trim().is_empty()
                && text.chars().count() <= chars_max
                && !text.chars().any(char::is_control)
        };
        let fits = match (&reply, follow_up) {
            (Reply::Skipped | Reply::TimedOut, _) => true,
            (Reply::Reason(id), FollowUp::Reasons) => is_name(id),
            (Reply::Nps(score), FollowUp::Nps) => *score <= NPS_MAX,
            (Reply::Comment(text), FollowUp::Comment) => is_line(text, COMMENT_CHARS_MAX),
            _ => false,
        };
        if fits { Ok(Self { follow_up, reply }) } else { Err(NoAnswer { follow_up, reply }) }
    }

    /// A follow-up that nobody answered.
    #[must_use]
    pub const fn timed_out(follow_up: FollowUp) -> Self {
        Self { follow_up, reply: Reply::TimedOut }
    }

    /// What was asked.
    #[must_use]
    pub const fn follow_up(&self) -> FollowUp {
        self.follow_up
    }

    /// The reply.
    #[must_use]
    pub const fn reply(&self) -> &Reply {
        &self.reply
    }

    /// The short name of the reason that was given, if one was.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match &self.reply {
            Reply::Reason(reason) => Some(reason),
            _ => None,
        }
    }

    /// Every outcome that [`Answer::outcome`] gives.
    pub const OUTCOMES: [&'static str; 3] = ["answered", "skipped", "timed_out"];

    /// The outcome in one word: `answered`, `skipped` or `timed_out`.
    #[must_use]
    pub const fn outcome(&self) -> &'static str {
        match self.reply {
            Reply::Reason(_) | Reply::Nps(_) | Reply::Comment(_) => "answered",
            Reply::Skipped => "skipped",
            Reply::TimedOut => "timed_out",
        }
    }

    /// The answer itself as text; none when the follow-up was skipped or timed out.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        match &self.reply {
            Reply::Reason(text) | Reply::Comment(text) => Some(text.clone()),
            Reply::Nps(score) => Some(score.to_string()),
            Reply::Skipped | Reply::TimedOut => None,
        }
    }

    /// The answer with this outcome and text, as [`Answer::outcome`] and [`Answer::text`] give
    /// them; none when they do not fit the follow-up.
    #[must_use]
    pub fn read(follow_up: FollowUp, outcome: &str, text: Option<&str>) -> Option<Self> {
        let reply = match (outcome, text) {
            ("skipped", None) => Reply::Skipped,
            ("timed_out", None) => Reply::TimedOut,
            ("answered", Some(text)) => match follow_up {
                FollowUp::Reasons => Reply::Reason(text.to_owned()),
                FollowUp::Nps => Reply::Nps(text.parse().ok()?),
                FollowUp::Comment => Reply::Comment(text.to_owned()),
            },
            _ => return None,
        };
        Self::new(follow_up, reply).ok()
    }
}

/// Whether this can be the short name of a reason: 1 to 20 of a-z, 0-9 and -.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=REASON_CHARS_MAX).contains(&text.len()) && text.chars().all(is_plain)
}

/// An answer that was kept, with all that is known of it apart from when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The number, in the same run, of the rating that it belongs to; none when that one is in an
    /// earlier run.
    pub to: Option<u32>,
    /// What was asked, and what came of it.
    pub answer: Answer,
    /// The question that the rating answered, in the language of the follow-up.
    pub question: Wording,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_fits_only_its_own_follow_up() {
        let replies = [
            Reply::Reason("waiting".to_owned()),
            Reply::Nps(10),
            Reply::Comment("Never any bread after six".to_owned()),
        ];
        for (at, follow_up) in FollowUp::ALL.into_iter().enumerate() {
            for (of, reply) in replies.iter().enumerate() {
                let answer = Answer::new(follow_up, reply.clone());
                assert_eq!(answer.is_ok(), at == of, "{follow_up:?} {reply:?}");
            }
            assert!(Answer::new(follow_up, Reply::Skipped).is_ok());
        }
        for reply in [
            Reply::Reason("Waiting".to_owned()),
            Reply::Reason(String::new()),
            Reply::Nps(11),
            Reply::Comment("  ".to_owned()),
            Reply::Comment("one\nline".to_owned()),
            Reply::Comment("x".repeat(COMMENT_CHARS_MAX + 1)),
        ] {
            for follow_up in FollowUp::ALL {
                assert!(Answer::new(follow_up, reply.clone()).is_err(), "{reply:?}");
            }
        }
    }

    #[test]
    fn an_answer_is_read_back_from_its_own_words() {
        let answers = [
            (FollowUp::Reasons, Reply::Reason("price".to_owned())),
            (FollowUp::Nps, Reply::Nps(0)),
            (FollowUp::Comment, Reply::Comment("Ça va".to_owned())),
            (FollowUp::Nps, Reply::Skipped),
            (FollowUp::Comment, Reply::TimedOut),
        ];
        for (follow_up, reply) in answers {
            let answer = Answer::new(follow_up, reply).unwrap();
            let read = Answer::read(follow_up, answer.outcome(), answer.text().as_deref());
            assert_eq!(read, Some(answer));
        }
        assert_eq!(Answer::read(FollowUp::Nps, "answered", Some("eleven")), None);
        assert_eq!(Answer::read(FollowUp::Nps, "answered", None), None);
        assert_eq!(Answer::read(FollowUp::Nps, "skipped", Some("3")), None);
        assert_eq!(Answer::read(FollowUp::Nps, "lingered", None), None);
    }
}
