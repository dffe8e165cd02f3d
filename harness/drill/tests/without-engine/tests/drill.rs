//! A scenario for a pipeline with its own sqlx, in a program that was built without an engine.

use std::{
    env,
    process::{Command, ExitCode, Output},
};

use chaosdrill::{Check, Outcome, Registry, Scenario};
use sqlx::sqlite::SqlitePoolOptions;

/// Set when this program is started as one of chaosdrill's programs; the value says which.
const PROGRAM: &str = "WITHOUT_ENGINE_PROGRAM";

fn registry() -> Registry {
    let every_note_is_there = Check::new("every_note_is_there", |history| {
        let written = history.operations("write").filter(|op| op.is_ok()).count();
        match history.last_rows("notes").len() {
            rows if rows == written => Outcome::valid(),
            rows => Outcome::invalid(format!("{rows} rows of {written}"), []),
        }
    });
    Registry::new().with(
        Scenario::new("own/notes")
            .claim("every note that was acknowledged is there")
            .topology(|topology| {
                topology.client("writer", |workload| async move {
                    Ok(workload.op("write", "hello", async { Ok::<_, String>(()) }).await?)
                })
            })
            .always(every_note_is_there),
    )
}

fn start(program: &str, arguments: &[&str]) -> Output {
    let path = env::current_exe().expect("this program has a path");
    let mut command = Command::new(path);
    command.args(arguments).env(PROGRAM, program).output().expect("it can be started")
}

fn drill(arguments: &[&str]) -> Output {
    start("drill", arguments)
}

fn main() -> ExitCode {
    match env::var(PROGRAM).as_deref() {
        Ok("drill") => return chaosdrill::cli_main(registry()),
        Ok(_) => return chaosdrill::test_main(registry()),
        Err(_) => {}
    }
    the_pipeline_runs_on_its_own_sqlx();
    scenarios_are_listed();
    what_has_to_run_something_says_what_is_missing();
    a_test_that_was_not_run_is_red();
    println!("without-engine: all is well");
    ExitCode::SUCCESS
}

fn the_pipeline_runs_on_its_own_sqlx() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let count = runtime.expect("a runtime").block_on(async {
        let options = SqlitePoolOptions::new().max_connections(1);
        let pool = options.connect("sqlite::memory:").await?;
        without_engine::write(&pool, "hello").await?;
        without_engine::count(&pool).await
    });
    assert_eq!(count.expect("the database answers"), 1);
}

fn scenarios_are_listed() {
    let output = drill(&["list", "scenarios"]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(said.contains("own/notes"), "{said}");
    assert!(said.contains("every note that was acknowledged is there"), "{said}");
}

fn what_has_to_run_something_says_what_is_missing() {
    let commands: [&[&str]; 7] = [
        &["run"],
        &["replay", "own/notes", "--seed", "1"],
        &["verify"],
        &["cross"],
        &["prove"],
        &["shrink", "plan.toml"],
        &["list", "sites"],
    ];
    for arguments in commands {
        let output = drill(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
        assert!(said.contains("without an engine") && said.contains("`in-process`"), "{said}");
    }
}

fn a_test_that_was_not_run_is_red() {
    let output = start("tests", &[]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(101), "{output:?}");
    assert!(said.contains("own/notes") && said.contains("without an engine"), "{said}");
}
