//! Builds anew when a migration is added: `sqlx::migrate!` reads the folder, and cargo does not see that.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
