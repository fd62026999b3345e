//! What PostgreSQL says when something is wrong, in words for whoever runs the hub.

use std::error::Error as StdError;
use std::fmt::Write as _;

use deadpool_postgres::{PoolError, TimeoutType};
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use crate::hub::archive::error::{Failure, HELD, Said};

/// What is said of a transaction that another one was in the way of.
const PASSING: [SqlState; 2] =
    [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED];

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let ends_connection = ends(&error);
        let is_passing = error.code().is_some_and(|code| PASSING.contains(code));
        let why = of_server(&error);
        Self::Engine(Said::new(error, why).ending(ends_connection).passing(is_passing))
    }
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        let why = match error {
            PoolError::Backend(error) => return error.into(),
            PoolError::Timeout(TimeoutType::Wait) => {
                Some("all its connections to the database are busy: raise archive.connections")
            }
            PoolError::Timeout(_) => Some("the database server does not answer"),
            PoolError::Closed => Some("the archive is closed"),
            _ => None,
        };
        Self::Engine(Said::new(error, why).ending(true))
    }
}

/// What is wrong and how it is cured, where it is known: the end of a sentence.
pub(super) fn why(failure: &Failure) -> Option<&'static str> {
    match failure {
        Failure::Late => Some("it took longer than it may"),
        failure => failure.why(),
    }
}

fn of_server(error: &Error) -> Option<&'static str> {
    let Some(code) = error.code() else { return Some(of_connection(error)) };
    Some(match code.code() {
        "28000" | "28P01" => "the database server refuses the role or its password",
        "3D000" => "there is no such database on the server: create it",
        "3F000" => "there is no such schema in the database: create it, or mend the search_path",
        "25006" => "the database is read-only: the server is a standby, or was set so",
        "0A000" if chain(error).contains("recovery") => {
            "the database is read-only: the server is a standby"
        }
        "P0001" if chain(error).contains(HELD) => HELD,
        "42501" => "the role has not the rights to do it: grant it them",
        "42P01" | "42703" => {
            "tables of the archive are missing in the database: is it the right one?"
        }
        "42P07" => {
            "the schema has tables of another program: give the archive a database of its own"
        }
        "42P05" | "26000" => {
            "a pooler is in between that gives each transaction another connection: set \
             archive.pooled = true, or use its session mode"
        }
        "53100" => "the disk of the database server is full: make room on it",
        "53200" => "the database server has no memory left",
        "53300" => {
            "the database server has too many connections: raise its max_connections, or lower \
             archive.connections"
        }
        "57P01" | "57P02" | "57P03" => "the database server is stopping or starting",
        "57P05" => "the database server has closed a connection that was idle in a transaction",
        "55P03" | "57014" => "the database server has ended it, by a time limit of its own",
        "40001" if chain(error).contains("recovery") => {
            "the standby has broken off what was read, since it had to go on: set \
             hot_standby_feedback = on there"
        }
        "40001" | "40P01" => "two hubs were in each other's way: it can be tried again",
        _ if code.code().starts_with("08") => "the connection to the database was lost",
        _ if chain(error).contains("could not write") => {
            "the database server cannot write its disk: is it full?"
        }
        _ if code.code().starts_with("58") => "the database server cannot read or write its disk",
        _ if code.code().starts_with("XX") => "the database server says that its data are damaged",
        _ => return None,
    })
}

/// What is wrong when there is no answer of a server.
fn of_connection(error: &Error) -> &'static str {
    let told = chain(error);
    if told.contains("does not allow writes") {
        "the database is read-only: no server of archive.url is the primary"
    } else if told.contains("is not read only") {
        "no server of archive.replica is a standby"
    } else if told.contains("does not support TLS") {
        "the database server has no certificate: switch its ssl on, or write sslmode=disable in \
         archive.url where the network is safe"
    } else if told.contains("TLS") {
        "the certificate of the database server does not hold: archive.ca_file must name the \
         authority that signed it, and it the host of archive.url"
    } else if told.contains("password missing") {
        "the database server asks for a password: set archive.password_file"
    } else if told.contains("authentication error") {
        "the database server asks for a way to log in that is not known here: use scram-sha-256"
    } else if told.starts_with("error serializing") || told.starts_with("error deserializing") {
        "a value does not fit into its column"
    } else if error.is_closed() || told.starts_with("error communicating") {
        "the connection to the database was lost"
    } else {
        "the database server cannot be reached"
    }
}

/// Everything that is known of a failure, for a log.
pub(super) fn told(failure: &Failure) -> String {
    let mut told = chain(failure);
    if let Some(why) = why(failure).filter(|why| !told.contains(why)) {
        told = format!("{why} ({told})");
    }
    told
}

fn chain(error: &dyn StdError) -> String {
    let mut told = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(told, ": {cause}");
        source = cause.source();
    }
    told
}

/// Whether a connection on which this has happened is of no more use: it is lost, its server writes
/// no more, or its prepared statements are not what they were.
pub(super) fn ends_connection(failure: &Failure) -> bool {
    match failure {
        Failure::Engine(said) => said.ends_connection,
        Failure::Late => true,
        Failure::Content(_) => false,
    }
}

fn ends(error: &Error) -> bool {
    error.code().is_none_or(|code| {
        *code == SqlState::READ_ONLY_SQL_TRANSACTION
            || *code == SqlState::FEATURE_NOT_SUPPORTED
            || *code == SqlState::INVALID_SQL_STATEMENT_NAME
            || *code == SqlState::DUPLICATE_PSTATEMENT
            || ["08", "57", "XX"].iter().any(|class| code.code().starts_with(class))
    })
}
