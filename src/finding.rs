//! What a program's `doctor` has found: how serious it is, and a sentence that names the cure.

/// How serious a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It works.
    Fine,
    /// Worth knowing; the program works.
    Note,
    /// Something that is configured does not work.
    Wrong,
}

impl State {
    /// The word for it at the start of a line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fine => "fine ",
            Self::Note => "note ",
            Self::Wrong => "WRONG",
        }
    }
}

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How serious it is.
    pub state: State,
    /// What was checked, what was found, and how to cure it.
    pub text: String,
}

impl Finding {
    /// What was checked: the first word or words of its text.
    #[must_use]
    pub fn part(&self) -> &str {
        self.text.split_once(':').map_or("", |(part, _)| part)
    }
}

/// It was seen to work.
pub fn fine(text: impl Into<String>) -> Finding {
    Finding { state: State::Fine, text: text.into() }
}

/// It is worth knowing.
pub fn note(text: impl Into<String>) -> Finding {
    Finding { state: State::Note, text: text.into() }
}

/// It does not work.
pub fn wrong(text: impl Into<String>) -> Finding {
    Finding { state: State::Wrong, text: text.into() }
}

/// The worst first.
pub fn sort(findings: &mut [Finding]) {
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.state));
}

/// The lines of some findings, the worst first, and how many are wrong.
#[must_use]
pub fn told(mut findings: Vec<Finding>) -> (String, usize) {
    sort(&mut findings);
    let wrong = findings.iter().filter(|finding| finding.state == State::Wrong).count();
    let line = |finding: &Finding| format!("{} {}\n", finding.state.name(), finding.text);
    (findings.iter().map(line).collect(), wrong)
}
