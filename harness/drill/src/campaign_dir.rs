//! What a campaign leaves in its folder: written as it goes, read again, and never at the cost of what is not ours.

pub(crate) mod folder;
pub(crate) mod read;
pub(crate) mod reports;

pub(crate) use self::{
    folder::{Folder, FolderError},
    read::read_campaign,
    reports::{
        has_only_proofs, may_write_reports, read_trace, write_proofs, write_record,
        write_reports_against,
    },
};
