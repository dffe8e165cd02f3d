//! How the user gave each option: by its flag, or by its variable in the environment. Messages name what was given.

use std::{collections::BTreeMap, ffi::OsString};

use clap::{
    ArgMatches, Command, Error,
    error::{ContextKind, ContextValue},
    parser::ValueSource,
};

/// The flags whose values came from the environment, with their variables.
#[derive(Debug, Default)]
pub(super) struct Given {
    from_environment: BTreeMap<String, String>,
}

impl Given {
    pub(super) fn of(command: &Command, matches: &ArgMatches) -> Self {
        let mut given = Self::default();
        given.add(command, matches);
        if let Some((name, matches)) = matches.subcommand() {
            command.find_subcommand(name).into_iter().for_each(|it| given.add(it, matches));
        }
        given
    }

    fn add(&mut self, command: &Command, matches: &ArgMatches) {
        let variables = command.get_arguments().filter(|arg| {
            matches.value_source(arg.get_id().as_str()) == Some(ValueSource::EnvVariable)
        });
        for arg in variables {
            if let (Some(flag), Some(variable)) = (arg.get_long(), arg.get_env()) {
                let variable = variable.to_string_lossy().into_owned();
                self.from_environment.insert(format!("--{flag}"), variable);
            }
        }
    }

    /// A message with the variable in place of each flag that was not typed.
    pub(super) fn named_in(&self, message: &str) -> String {
        let is_of_a_flag = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let mut named = String::with_capacity(message.len());
        let mut rest = message;
        while let Some(at) = rest.find("--") {
            let (before, from) = rest.split_at(at);
            let (flag, after) =
                from.split_at(from.find(|c| !is_of_a_flag(c)).unwrap_or(from.len()));
            named.push_str(before);
            // In the middle of a path it is no flag.
            let begins = !named.ends_with(|c: char| c.is_alphanumeric() || "/._-".contains(c));
            let variable = self.from_environment.get(flag).filter(|_| begins);
            named.push_str(variable.map_or(flag, String::as_str));
            rest = after;
        }
        named + rest
    }
}

/// Names the variable in an error of clap, which names the flag wherever the value came from.
pub(super) fn name_variables(error: &mut Error, command: &Command, typed: &[OsString]) {
    let typed: Vec<&str> = typed.iter().filter_map(|word| word.to_str()).collect();
    let subcommand = typed.iter().skip(1).find_map(|word| command.find_subcommand(word));
    let variable = |shown: &str| {
        let flag = shown.split([' ', '=']).next()?.strip_prefix("--")?;
        let commands = subcommand.into_iter().chain([command]);
        let mut args = commands.flat_map(Command::get_arguments);
        let arg = args.find(|arg| arg.get_long() == Some(flag))?;
        let short = arg.get_short().map(|short| format!("-{short}"));
        let is_it = |word: &str| {
            let is_long = word.strip_prefix("--").and_then(|word| word.strip_prefix(flag));
            is_long.is_some_and(|value| value.is_empty() || value.starts_with('='))
                || short.as_ref().is_some_and(|short| word.starts_with(short))
        };
        let name = arg.get_env().filter(|name| std::env::var_os(name).is_some())?;
        (!typed.iter().any(|word| is_it(word))).then(|| name.to_string_lossy().into_owned())
    };
    for kind in [ContextKind::InvalidArg, ContextKind::PriorArg] {
        let named = match error.get(kind) {
            Some(ContextValue::String(shown)) => variable(shown).map(ContextValue::String),
            Some(ContextValue::Strings(all)) => {
                let named = |shown: &String| variable(shown).unwrap_or_else(|| shown.clone());
                Some(ContextValue::Strings(all.iter().map(named).collect()))
            }
            _ => None,
        };
        if let Some(named) = named {
            error.insert(kind, named);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_flag_is_renamed() {
        let flags = [("--out", "DRILL_OUT"), ("--seed", "DRILL_SEED")];
        let from_environment = flags.map(|(flag, name)| (flag.to_owned(), name.to_owned())).into();
        let given = Given { from_environment };
        let cases = [
            ("choose another folder with --out", "choose another folder with DRILL_OUT"),
            ("--seed, --seeds and `--out`", "DRILL_SEED, --seeds and `DRILL_OUT`"),
            ("a -- b --outer", "a -- b --outer"),
            ("failed to read a/f--out/x", "failed to read a/f--out/x"),
        ];
        for (message, named) in cases {
            assert_eq!(given.named_in(message), named);
        }
    }
}
