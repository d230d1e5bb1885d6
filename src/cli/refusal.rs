//! Refusals of a command line, in one sentence: everything that is wrong, each with the option and its variable.
//!
//! clap stops at the first value that cannot be used. So that nobody starts a controller once for each mistake, the
//! options of `harmonix run` are then looked at one by one.

use std::error::Error as _;
use std::ffi::{OsStr, OsString};

use clap::builder::{Resettable, ValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, CommandFactory as _, Error};

use super::Cli;

/// The command whose options are the configuration.
const RUN: &str = "run";

/// Says what is wrong with these arguments, which clap refused with `error`.
pub(super) fn sentence(error: &Error, arguments: &[OsString]) -> String {
    match problems(arguments) {
        Ok(problems) if problems.is_empty() => general(error),
        Ok(problems) => problems.join("; "),
        Err(error) => general(&error),
    }
}

/// What is wrong with the options of `harmonix run`; none where another command is asked for.
///
/// # Errors
/// What is wrong with the command line before any value is looked at.
fn problems(arguments: &[OsString]) -> Result<Vec<String>, Error> {
    let strict = Cli::command();
    let lenient = strict.clone().mut_subcommand(RUN, |run| {
        run.mut_args(|arg| arg.required(false).value_parser(ValueParser::os_string()))
    });
    let given = lenient.try_get_matches_from(arguments)?;
    let (Some(run), Some(given)) = (strict.find_subcommand(RUN), given.subcommand_matches(RUN))
    else {
        return Ok(Vec::new());
    };
    let problem = |arg: &Arg| match given.get_raw(arg.get_id().as_str()) {
        Some(values) => refused(arg, values).map(|why| format!("{} {why}", name(arg))),
        None => arg
            .is_required_set()
            .then(|| format!("{} is missing: {}", name(arg), purpose(arg))),
    };
    Ok(run.get_arguments().filter_map(problem).collect())
}

/// Why an option cannot be used with these values; nothing where it can.
fn refused<'a>(arg: &Arg, values: impl Iterator<Item = &'a OsStr>) -> Option<String> {
    let long = arg.get_long()?;
    let values = values.map(|value| {
        let mut option = OsString::from(format!("--{long}="));
        option.push(value);
        option
    });
    let alone = arg.clone().required(false).env(Resettable::Reset);
    let error = Command::new(RUN)
        .no_binary_name(true)
        .disable_help_flag(true)
        .arg(alone)
        .try_get_matches_from(values)
        .err()?;
    if let Some(why) = error.source() {
        return Some(format!("cannot be used: {why}"));
    }
    Some(match context(&error, ContextKind::InvalidValue).as_str() {
        "" => format!("is empty: {}", purpose(arg)),
        value => match context(&error, ContextKind::ValidValue).as_str() {
            "" => format!("cannot be used: {value:?}"),
            valid => format!("cannot be used: {value:?} is none of {valid}"),
        },
    })
}

/// `--option (VARIABLE)`.
fn name(arg: &Arg) -> String {
    let long = arg.get_long().unwrap_or_default();
    match arg.get_env() {
        Some(variable) => format!("--{long} ({})", variable.to_string_lossy()),
        None => format!("--{long}"),
    }
}

/// The first sentence of an option's help, as it goes on after a colon.
fn purpose(arg: &Arg) -> String {
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let first = help.split(". ").next().unwrap_or_default();
    let first = first.trim_end_matches('.');
    let mut letters = first.chars();
    match (letters.next(), letters.as_str()) {
        // An abbreviation keeps its capitals.
        (Some(capital), rest) if rest.starts_with(char::is_lowercase) => {
            format!("{}{rest}", capital.to_lowercase())
        }
        (Some(_) | None, _) => first.to_owned(),
    }
}

/// What is wrong with the command line as such.
fn general(error: &Error) -> String {
    let argument = context(error, ContextKind::InvalidArg);
    let option = argument.split(' ').next().unwrap_or_default();
    match error.kind() {
        ErrorKind::UnknownArgument => {
            let similar = context(error, ContextKind::SuggestedArg);
            format!(
                "there is no option {option}{}; --help lists them all",
                meant(similar.split(' ').next().unwrap_or_default())
            )
        }
        ErrorKind::InvalidSubcommand => format!(
            "there is no command {}{}; --help lists them all",
            context(error, ContextKind::InvalidSubcommand),
            meant(&context(error, ContextKind::SuggestedSubcommand))
        ),
        ErrorKind::InvalidValue => format!("{option} needs a value"),
        ErrorKind::ArgumentConflict => format!("{option} is given more than once"),
        _ => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            first.trim_start_matches("error: ").to_owned()
        }
    }
}

fn meant(similar: &str) -> String {
    if similar.is_empty() {
        String::new()
    } else {
        format!(", did you mean {similar}?")
    }
}

fn context(error: &Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        Some(_) | None => String::new(),
    }
}
