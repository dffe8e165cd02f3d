//! Digests of contents.

/// The digest of a content.
pub fn digest(bytes: &[u8]) -> String {
    format!("blake3:{}", &blake3::hash(bytes).to_hex()[..32])
}
