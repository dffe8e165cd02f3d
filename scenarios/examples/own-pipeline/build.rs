//! Rebuilds if a migration is added: `sqlx::migrate!` reads the folder, which cargo does not notice.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
