//! Hostile text, thrown at every escape.

use chaosdrill_core::redact::{redact, redact_json};
use chaosdrill_reports::escape::{line, line_within, markdown};
use proptest::prelude::*;

/// Text made of what hurts, and of anything else.
pub(crate) fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        (0_u32..0x20).prop_map(|code| char::from_u32(code).into_iter().collect()),
        prop::sample::select(vec![
            "|",
            "`",
            "``",
            "\\",
            "\\|",
            "<",
            ">",
            "<!--",
            "-->",
            "<!-- measured -->",
            "::error title=x::",
            "##[error]",
            "**",
            "&lt;",
            "&#64;",
            "@octocat",
            "#7",
            "[a](b)",
            "\r\n",
            "\n",
            "\u{1b}[31m",
            "\u{1b}]0;x\u{7}",
            "\u{9b}2J",
            "\u{202e}",
            "\u{2066}",
            "\u{200b}",
            "\u{2028}",
            "\u{feff}",
            "\u{fffe}",
            "\u{ffff}",
            "\u{0}",
            "]]>",
            "\"",
            "'",
            " ",
            "  ",
            "postgres://u:hunter2@h/db",
            " host=db password=hunter2",
            " PGPASSWORD=hunter2",
            "?pass=hunter2",
            "://",
            ":\\/\\/",
            "=",
            "password=",
            "&pwd=",
            "@",
            ":",
            "/",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

#[test]
fn what_cannot_be_seen_is_spelt() {
    let cases = [
        ("a\tb\r\nc", r"a\tb\r\nc"),
        ("\u{1b}[31mred\u{9b}0m", r"\u{1b}[31mred\u{9b}0m"),
        ("user\u{202e}nimda", r"user\u{202e}nimda"),
        ("zero\u{200b}width", r"zero\u{200b}width"),
        ("\u{feff}bom \u{ffff}", r"\u{feff}bom \u{ffff}"),
        ("grün 🦀 日本", "grün 🦀 日本"),
    ];
    for (text, shown) in cases {
        assert_eq!(line(text), shown);
    }
}

#[test]
fn markdown_stands_in_a_code_span() {
    let cases = [
        ("#418 d1 @octocat", "`#418 d1 @octocat`"),
        ("a|b", r"`a\|b`"),
        (r"a\|b", r"`a\u{5c}\|b`"),
        ("a`b``c", "```a`b``c```"),
        ("`a", "`` `a ``"),
        ("a\nb", r"`a\nb`"),
        ("<b>[x](y)</b>", "`<b>[x](y)</b>`"),
        ("<!-- measured -->", r"`<\u{21}-- measured -->`"),
        ("", "` `"),
        (" a", "`  a `"),
    ];
    for (text, shown) in cases {
        assert_eq!(markdown(text, 100), shown);
    }
    assert_eq!(markdown("abcdef", 3), "`abc… (3 more)`");
}

#[test]
fn passwords_are_hidden_wherever_they_stand() {
    let cases = [
        ("postgres://user:secret@host/db", "postgres://user:***@host/db"),
        (
            "failed (postgres://u:s@h:5432/db?a=b): no",
            "failed (postgres://u:***@h:5432/db?a=b): no",
        ),
        ("redis://:secret@host", "redis://:***@host"),
        ("a://u:s@h b://u:s@h", "a://u:***@h b://u:***@h"),
        ("\"a://u:s@h\",\"x@y\"", "\"a://u:***@h\",\"x@y\""),
        ("postgres://u:se@cr/et?x@host/db", "postgres://u:***@host/db"),
        ("postgres://u:it's@host", "postgres://u:***@host"),
        ("postgres://u:s\u{1b}\u{202e}@host", "postgres://u:***@host"),
        ("postgres://h/db?user=u&password=p@ss&x=y", "postgres://h/db?user=u&password=***&x=y"),
        ("postgres://u@h:5432/db?sslPassword=p", "postgres://u@h:5432/db?sslPassword=***"),
        ("http://host:80/path", "http://host:80/path"),
        ("https://user@host/a", "https://user@host/a"),
        ("user:secret@host is no URL", "user:secret@host is no URL"),
        (r"postgres:\/\/u:hunter2@h", r"postgres:\/\/u:***@h"),
        (r"postgres:\\/\\/u:hunter2@h", r"postgres:\\/\\/u:***@h"),
        ("a://u:s\"e<c>r`et@h b", "a://u:***@h b"),
        ("`a://u:s\"et@h`, <a://u:s>et@h>, x@y", "`a://u:***@h`, <a://u:***@h>, x@y"),
        ("postgres://u:hunter2&password=x@h", "postgres://u:***@h"),
        ("postgres://u:hunter2?password=x@h", "postgres://u:***"),
        ("postgres://h:5432/db?password=p@ss&a=b", "postgres://h:5432/db?password=***&a=b"),
        ("postgres://h/db?pass=hunter2&pwd=x#y", "postgres://h/db?pass=***&pwd=***#y"),
        (
            "jdbc:sqlserver://h:1433;user=u;password=p@ss",
            "jdbc:sqlserver://h:1433;user=u;password=***",
        ),
    ];
    for (text, shown) in cases {
        assert_eq!(redact(text), shown);
        assert_eq!(redact(shown), shown);
    }
}

#[test]
fn passwords_with_a_name_are_hidden() {
    let cases = [
        ("host=db user=u password=hunter2", "host=db user=u password=***"),
        ("password='it\\'s one' user=u", "password=*** user=u"),
        ("password = 'a b' user = u", "password = *** user = u"),
        (r#"failed: \"host=db password=\"a b\" x\""#, r#"failed: \"host=db password=*** x\""#),
        ("PGPASSWORD=hunter2 psql -h db", "PGPASSWORD=*** psql -h db"),
        ("MYSQL_PWD=hunter2", "MYSQL_PWD=***"),
        ("/login?pass=hunter2&a=b", "/login?pass=***&a=b"),
        ("/login?a=b&pwd=hunter2", "/login?a=b&pwd=***"),
        ("Server=h;Uid=u;Pwd=hunter2;Database=d", "Server=h;Uid=u;Pwd=***;Database=d"),
        (r#"{"dsn":"host=db password=hunter2","n":1}"#, r#"{"dsn":"host=db password=***","n":1}"#),
    ];
    for (text, shown) in cases {
        assert_eq!(redact(text), shown);
        assert_eq!(redact(shown), shown);
    }
}

#[test]
fn what_is_no_password_is_shown() {
    let harmless = [
        "bypass = yes",
        "bypass=yes",
        "password: none set",
        "the password is wrong",
        "pass=3 fail=2",
        "PWD=/tmp OLDPWD=/",
        "PGPASSWORD= psql",
        "password == other",
        "http://h/x?bypass=yes&q=1",
        "compass=north&trespass=no",
        "http://h:80/\" and <http://h:81/>",
    ];
    for text in harmless {
        assert_eq!(redact(text), text);
    }
}

#[test]
fn json_stays_json() {
    let json = r#"{"a":"postgres://u:s@h","m\"":"x@y", "b":["password=a\"b","\\"],"n":1.50,"http://h:1":"@"}"#;
    let redacted = redact_json(json);
    let expected = r#"{"a":"postgres://u:***@h","m\"":"x@y", "b":["password=***","\\"],"n":1.50,"http://h:1":"@"}"#;
    assert_eq!(redacted, expected);
}

#[test]
fn a_password_is_hidden_before_a_text_is_shortened() {
    let text = "postgres://user:secret@host/db";
    for chars_max in 0..text.len() {
        let shown = line_within(text, chars_max);
        assert!(!shown.contains(":s"), "{shown}");
    }
}

proptest! {
    #[test]
    fn a_line_is_one_line_without_commands(text in hostile()) {
        let shown = line(&text);
        prop_assert!(!shown.contains(char::is_control), "{:?}", shown);
        prop_assert!(!shown.contains(['\u{202e}', '\u{2066}', '\u{2028}', '\u{200b}']), "{:?}", shown);
        prop_assert!(!shown.contains("hunter2"), "{:?}", shown);
    }

    #[test]
    fn a_line_is_text_that_xml_keeps_whole(text in hostile()) {
        let shown = line(&text);
        let is_allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..'\u{fffe}' | '\u{10000}'..);
        prop_assert!(shown.chars().all(is_allowed), "{:?}", shown);
    }

    #[test]
    fn redaction_is_done_once_and_for_all(text in hostile()) {
        let once = redact(&text).into_owned();
        prop_assert_eq!(redact(&once), once.as_str());
    }

    #[test]
    fn a_password_never_shows(user in "[a-z]{0,5}", password in "[0-9A-Z!#-.:;=@_~/]{6,12}", around in "[ ('\"\n]?") {
        let text = format!("{around}postgres://{user}:{password}@host/db{around}");
        let shown = redact(&text).into_owned();
        prop_assert_eq!(shown, format!("{around}postgres://{user}:***@host/db{around}"));
    }

    #[test]
    fn a_password_may_hold_what_encloses_others(password in "[0-9A-Z\"<>`@:,;.&?{}'\\[\\]\\\\]{1,12}", around in "[ ('\n]?") {
        let text = format!("{around}postgres://u:{password}@host/db{around}");
        prop_assert_eq!(redact(&text).into_owned(), format!("{around}postgres://u:***@host/db{around}"));
    }

    #[test]
    fn an_assigned_password_never_shows(password in "[0-9A-Za-z!#-&(-;=?@^_|~{}]{1,12}", behind in "( user=u)?") {
        let text = format!("host=db password={password}{behind}");
        prop_assert_eq!(redact(&text).into_owned(), format!("host=db password=***{behind}"));
    }

    #[test]
    fn a_code_span_is_closed_and_stays_in_its_cell(text in hostile(), chars_max in 0_usize..40) {
        let shown = markdown(&text, chars_max);
        let fence: String = shown.chars().take_while(|c| *c == '`').collect();
        prop_assert!(!fence.is_empty() && shown.ends_with(&fence) && shown.len() > 2 * fence.len());
        let inner = &shown[fence.len()..shown.len() - fence.len()];
        let runs = inner.split(|c| c != '`').map(str::len);
        prop_assert!(runs.into_iter().all(|run| run != fence.len()), "{}", shown);
        prop_assert!(!inner.starts_with('`') && !inner.ends_with('`'), "{}", shown);
        for (place, _) in shown.match_indices('|') {
            prop_assert!(shown[..place].ends_with('\\') && !shown[..place].ends_with("\\\\"), "{}", shown);
        }
        prop_assert!(!shown.contains("<!") && !shown.contains(char::is_control), "{}", shown);
    }
}
