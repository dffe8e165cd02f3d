//! `drill schema`: prints the JSON Schemas of everything that is recorded.

use std::path::PathBuf;

use chaosdrill_reports::schema as schemas;
use clap::Args;
use serde_json::{Map, Value};

use crate::{
    cli::{console, error::ExpectedError},
    ours::{self, Kind},
    status::Status,
};

#[derive(Clone, Debug, Args)]
pub(crate) struct SchemaArgs {
    /// Write each schema to a file in this folder, instead of standard output.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(crate) fn schema(args: &SchemaArgs) -> Result<Status, ExpectedError> {
    let Some(folder) = &args.out else {
        let all: Map<String, Value> =
            schemas::all().into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
        console::print(&format!("{:#}\n", Value::Object(all)));
        return Ok(Status::Valid);
    };
    let write = || {
        std::fs::create_dir_all(folder)?;
        for (name, schema) in schemas::all() {
            let file = folder.join(format!("{name}.schema.json"));
            ours::write(&file, Kind::Schema, format!("{schema:#}\n"))?;
        }
        std::io::Result::Ok(())
    };
    match write() {
        Ok(()) => Ok(Status::Valid),
        Err(why) => {
            Err(ExpectedError::Usage(format!("failed to write to {}: {why}", folder.display())))
        }
    }
}
