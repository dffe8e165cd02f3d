//! The output folder of a campaign: written as the campaign runs, and read again; files of others are never touched.

pub(crate) mod folder;
pub(crate) mod index;
mod lines;
pub(crate) mod read;
pub(crate) mod records;
pub(crate) mod reports;

pub(crate) use self::{
    folder::{End, Folder, FolderError, Unfinished},
    index::Entry,
    read::{Lines, Read, read_campaign, read_lines},
    records::Records,
    reports::{
        has_only_proofs, may_write_reports, read_trace, rewrite_record, write_proofs, write_record,
        write_reports_against,
    },
};
