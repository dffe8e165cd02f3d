//! Lexes as much of Rust as the static check of the handlers needs: words and punctuation, without comments and
//! strings.

/// A function, with its name and the tokens between its braces.
pub(super) struct Function<'a> {
    pub(super) name: &'a str,
    pub(super) body: &'a [String],
}

/// The words and punctuation of a source.
pub(super) fn tokens(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let rest = &letters[at..];
        let is_word = |letter: &&char| letter.is_alphanumeric() || **letter == '_';
        at += match rest {
            ['/', '/', ..] => rest.iter().take_while(|letter| **letter != '\n').count(),
            ['/', '*', ..] => comment(rest),
            ['r', '"' | '#', ..] => raw(rest),
            ['"', ..] => quoted(rest, '"'),
            // A character literal; anything else that begins with a quote is a lifetime.
            ['\'', '\\', ..] | ['\'', _, '\'', ..] => quoted(rest, '\''),
            [first, ..] if is_word(&first) => {
                let word: String = rest.iter().take_while(is_word).collect();
                let length = word.chars().count();
                tokens.push(word);
                length
            }
            [first, ..] => {
                if !first.is_whitespace() {
                    tokens.push(first.to_string());
                }
                1
            }
            [] => 1,
        };
    }
    tokens
}

/// The length of a block comment, which may contain others.
fn comment(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        match rest[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => (depth, at) = (depth.saturating_sub(1), at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// The length of a quoted literal.
fn quoted(rest: &[char], quote: char) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// The length of a raw string; of a word, if it is only a raw identifier.
fn raw(rest: &[char]) -> usize {
    let hashes = rest[1..].iter().take_while(|letter| **letter == '#').count();
    if rest.get(1 + hashes) != Some(&'"') {
        return 1 + hashes;
    }
    let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let begin = 2 + hashes;
    let found = rest[begin..].windows(end.len()).position(|letters| letters == end);
    found.map_or(rest.len(), |at| begin + at + end.len())
}

/// All functions with a body, including nested ones.
pub(super) fn functions(tokens: &[String]) -> Vec<Function<'_>> {
    let mut found = Vec::new();
    for at in 0..tokens.len().saturating_sub(1) {
        if tokens[at] != "fn" {
            continue;
        }
        let head = tokens[at..].iter().position(|token| token == "{" || token == ";");
        let Some(open) = head.map(|length| at + length) else { continue };
        if tokens[open] == "{" {
            found.push(Function { name: &tokens[at + 1], body: group(&tokens[open..]) });
        }
    }
    found
}

/// The tokens inside the braces with which these tokens begin.
pub(super) fn group(tokens: &[String]) -> &[String] {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token.as_str() {
            "{" => depth += 1,
            "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return &tokens[..at];
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_code_is_left_out() {
        let text = "a /* b /* c */ d */ \"e \\\" f\" 'g' '\\'' &'h r#\"i \" j\"# // k\nl r#m";
        assert_eq!(tokens(text).join(" "), "a & ' h l m");
    }

    #[test]
    fn functions_have_names_and_bodies() {
        let all =
            tokens("fn a() { b { c } } trait T { fn d(); } fn e<'x>(f: &'x str) { fn g() {} }");
        let found: Vec<_> = functions(&all).iter().map(|one| (one.name, one.body.len())).collect();
        assert_eq!(found, [("a", 5), ("e", 7), ("g", 1)]);
    }
}
