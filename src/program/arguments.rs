//! Reads the command line; what is wrong with it is said in words for whoever typed it, since those
//! of the library are for programmers.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::escape::Lines;

/// The command line, or the exit code where there is nothing to do: help was printed, or it is said
/// what is wrong (2).
///
/// # Errors
/// The exit code.
pub fn read<P: Parser>(name: &str) -> Result<P, ExitCode> {
    P::try_parse().map_err(|error| {
        match told(&error) {
            Some(said) => {
                let _ = writeln!(std::io::stderr(), "{name}: {}", Lines(said));
            }
            // Help and version; whoever has closed the output does not want them.
            None => {
                let _ = error.print();
            }
        }
        ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
    })
}

/// What is wrong, how the command is typed, and where more is said; none where nothing is wrong.
fn told(error: &clap::Error) -> Option<String> {
    let all = |kind| error.get(kind).map(texts).unwrap_or_default();
    let first = |kind| all(kind).into_iter().next().unwrap_or_default();
    let argument = first(ContextKind::InvalidArg);
    let usage = first(ContextKind::Usage);
    let meant = |kind| match all(kind).as_slice() {
        [] => String::new(),
        near => format!("; did you mean {}?", near.join(" or ")),
    };
    let value = first(ContextKind::InvalidValue);
    let choices = all(ContextKind::ValidValue);
    let said = match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => return None,
        ErrorKind::InvalidSubcommand => {
            let word = first(ContextKind::InvalidSubcommand);
            format!("there is no command {word:?}{}", meant(ContextKind::SuggestedSubcommand))
        }
        ErrorKind::UnknownArgument if !argument.starts_with('-') => {
            format!("{argument:?} is one word too many: a name with spaces stands in quotes")
        }
        ErrorKind::UnknownArgument => {
            let near = meant(ContextKind::SuggestedArg);
            let place = match usage.contains("<COMMAND>") && near.is_empty() {
                true => "; options stand after the command",
                false => "",
            };
            format!("there is no option {argument} here{near}{place}")
        }
        ErrorKind::InvalidValue if value.is_empty() && choices.is_empty() => {
            format!("{argument} needs a value after it")
        }
        ErrorKind::InvalidValue if value.is_empty() => {
            format!("{argument} needs one of these after it: {}", choices.join(", "))
        }
        ErrorKind::InvalidValue => {
            let near = meant(ContextKind::SuggestedValue);
            format!("{argument} cannot be {value:?}: it is one of {}{near}", choices.join(", "))
        }
        ErrorKind::MissingRequiredArgument => {
            format!("this is missing: {}", all(ContextKind::InvalidArg).join(", "))
        }
        ErrorKind::MissingSubcommand => "a command is missing".to_owned(),
        ErrorKind::ArgumentConflict => match all(ContextKind::PriorArg).as_slice() {
            [other] if *other == argument => format!("{argument} stands there twice"),
            others => format!("{argument} cannot stand beside {}", others.join(", ")),
        },
        ErrorKind::ValueValidation => {
            // Our own words, or those of whoever reads numbers.
            let why = std::error::Error::source(error).map(ToString::to_string);
            let why = why.unwrap_or_default();
            match why.contains("digit") {
                true => format!("{argument} cannot be {value:?}: a whole number is needed"),
                false => format!("{argument} cannot be {value:?}: {why}"),
            }
        }
        ErrorKind::InvalidUtf8 => "a word is not text in UTF-8".to_owned(),
        _ => format!("{argument} has too many or too few values"),
    };
    let usage = if usage.is_empty() { usage } else { format!("\n{}", usage.trim()) };
    Some(format!("{said}{usage}\n`--help` at its end says what can be typed"))
}

fn texts(value: &ContextValue) -> Vec<String> {
    match value {
        ContextValue::String(text) => vec![text.clone()],
        ContextValue::Strings(texts) => texts.clone(),
        ContextValue::StyledStr(text) => vec![text.to_string()],
        ContextValue::StyledStrs(texts) => texts.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use clap::{Subcommand, ValueEnum};

    use super::*;

    #[derive(Debug, Parser)]
    #[command(name = "it", version = "1")]
    struct It {
        #[command(subcommand)]
        command: Command,
    }

    #[derive(Debug, Subcommand)]
    enum Command {
        Show {
            #[arg(long, value_enum)]
            format: Option<Format>,
            #[arg(long, conflicts_with = "format")]
            date: Option<String>,
            #[arg(long, value_parser = clap::value_parser!(u32).range(0..=600))]
            count: Option<u32>,
        },
        Add {
            #[arg(long)]
            place: String,
            name: String,
        },
    }

    #[derive(Clone, Copy, Debug, ValueEnum)]
    enum Format {
        Text,
        Json,
    }

    #[test]
    fn what_is_wrong_with_a_command_line_is_said_in_words() {
        for (line, part) in [
            ("shoe", "there is no command \"shoe\"; did you mean show?"),
            ("--format text", "there is no option --format here"),
            ("show --formt text", "there is no option --formt here; did you mean --format?"),
            ("show today", "\"today\" is one word too many"),
            ("show --format", "--format <FORMAT> needs one of these after it: text, json"),
            ("show --format xml", "cannot be \"xml\": it is one of text, json"),
            ("show --date", "--date <DATE> needs a value after it"),
            ("show --date a --date b", "stands there twice"),
            ("show --date a --format text", "cannot stand beside"),
            ("show --count many", "cannot be \"many\": a whole number is needed"),
            ("show --count 601", "601 is not in 0..=600"),
            ("add", "this is missing: --place <PLACE>, <NAME>"),
            ("-x", "there is no option -x here; options stand after the command"),
        ] {
            let words = std::iter::once("it").chain(line.split(' '));
            let said = told(&It::try_parse_from(words).unwrap_err()).unwrap();
            assert!(said.contains(part), "{line}: {said}");
            for word in ["error:", "unexpected", "invalid", "argument", "subcommand", "tip:"] {
                assert!(!said.contains(word), "{line}: {said}");
            }
        }
        for line in ["--help", "--version", "show --help"] {
            let words = std::iter::once("it").chain(line.split(' '));
            assert_eq!(told(&It::try_parse_from(words).unwrap_err()), None);
        }
    }
}
