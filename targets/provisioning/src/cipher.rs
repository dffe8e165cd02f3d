//! Encrypts connection URLs at rest, and verifies them when they are read.
//!
//! A stand-in for a real cipher, built only on BLAKE3, which is a dependency already: XOR with a keyed stream, and a
//! keyed hash of the text as its tag.

/// Bytes of a tag.
const TAG_BYTES: usize = 16;

/// Why a URL cannot be encrypted or decrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CipherError {
    /// The key is invalid.
    #[error("the key is not made of 64 hex digits")]
    Key,
    /// The stored text was not encrypted under this key, or was changed.
    #[error("the stored URL cannot be read under this key")]
    Text,
}

/// An encryption key.
pub(crate) struct Key([u8; blake3::KEY_LEN]);

impl Key {
    /// Parses a key from 64 hex digits.
    pub(crate) fn parse(digits: &str) -> Result<Self, CipherError> {
        let bytes = from_hex(digits).ok_or(CipherError::Key)?;
        bytes.try_into().map(Self).map_err(|_| CipherError::Key)
    }

    /// Encrypts a text; `name` makes equal texts of different rows look different.
    pub(crate) fn hide(&self, name: &str, text: &str) -> String {
        let mut bytes = self.tag(name, text.as_bytes());
        bytes.extend(self.stream(name, text.as_bytes()));
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Decrypts a text that was encrypted under that name.
    pub(crate) fn read(&self, name: &str, hidden: &str) -> Result<String, CipherError> {
        let bytes = from_hex(hidden).ok_or(CipherError::Text)?;
        let (tag, rest) = bytes.split_at_checked(TAG_BYTES).ok_or(CipherError::Text)?;
        let text = self.stream(name, rest);
        if self.tag(name, &text) != tag {
            return Err(CipherError::Text);
        }
        String::from_utf8(text).map_err(|_| CipherError::Text)
    }

    fn stream(&self, name: &str, bytes: &[u8]) -> Vec<u8> {
        let mut stream = vec![0; bytes.len()];
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(b"stream ").update(name.as_bytes());
        hasher.finalize_xof().fill(&mut stream);
        bytes.iter().zip(stream).map(|(byte, mask)| byte ^ mask).collect()
    }

    fn tag(&self, name: &str, text: &[u8]) -> Vec<u8> {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(b"tag ").update(name.as_bytes()).update(b" ").update(text);
        hasher.finalize().as_bytes()[..TAG_BYTES].to_vec()
    }
}

fn from_hex(digits: &str) -> Option<Vec<u8>> {
    if !digits.is_ascii() || !digits.len().is_multiple_of(2) {
        return None;
    }
    let pairs = (0..digits.len()).step_by(2);
    pairs.map(|at| u8::from_str_radix(&digits[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_hidden_can_be_read_under_its_key_and_name_only() {
        let key = Key::parse(&"ab".repeat(32)).expect("a key");
        let hidden = key.hide("r1", "db://host/\u{1}");
        assert_eq!(key.read("r1", &hidden).as_deref(), Ok("db://host/\u{1}"));
        assert_eq!(key.read("r2", &hidden), Err(CipherError::Text));
        let other = Key::parse(&"cd".repeat(32)).expect("a key");
        assert_eq!(other.read("r1", &hidden), Err(CipherError::Text));
        assert_eq!(key.read("r1", ""), Err(CipherError::Text));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for digits in ["", "ab", "not a key", &"zz".repeat(32), &"ab".repeat(33)] {
            assert!(Key::parse(digits).is_err(), "{digits}");
        }
    }
}
