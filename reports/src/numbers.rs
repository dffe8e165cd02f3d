//! Formats numbers, durations, rates and instants, for all reports and for progress.

/// A whole number with separated thousands: `12,345`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with its noun: `1 run`, `1,200 runs`.
pub fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// The number of items that were not listed: ` and 3 more`. Empty if all were.
pub(crate) fn and_more(left_out: u64) -> String {
    if left_out > 0 { format!(" and {} more", grouped(left_out)) } else { String::new() }
}

/// A duration in at most two units: `250 ms`, `29.8 s`, `5 min 10 s`, `31 h 12 min`, `2 d 7 h`.
pub fn span(ns: u64) -> String {
    let seconds = ns / 1_000_000_000;
    let two = |large: u64, unit: &str, small: u64, of: &str| match small {
        0 => format!("{} {unit}", grouped(large)),
        small => format!("{} {unit} {small} {of}", grouped(large)),
    };
    match seconds {
        0 if ns == 0 => "0 s".to_owned(),
        0 if ns < 1_000_000 => format!("{} µs", ns / 1_000),
        0 => format!("{} ms", ns / 1_000_000),
        1..120 => match ns / 100_000_000 % 10 {
            0 => format!("{seconds} s"),
            tenths => format!("{seconds}.{tenths} s"),
        },
        120..7_200 => two(seconds / 60, "min", seconds % 60, "s"),
        7_200..172_800 => two(seconds / 3_600, "h", seconds / 60 % 60, "min"),
        _ => two(seconds / 86_400, "d", seconds / 3_600 % 24, "h"),
    }
}

/// An instant of a run: `3.152 s`, or `31:12:03.152` after the first hour.
pub(crate) fn instant(ns: u64) -> String {
    let ms = ns / 1_000_000;
    let (seconds, ms) = (ms / 1_000, ms % 1_000);
    match seconds {
        0..3_600 => format!("{seconds}.{ms:03} s"),
        _ => format!("{}:{:02}:{:02}.{ms:03}", seconds / 3_600, seconds / 60 % 60, seconds % 60),
    }
}

/// A rate with three significant digits at most: `0.04`, `3.14`, `31.4`, `314`, `31,400`.
pub fn rate(value: f64) -> String {
    match value {
        0.0..9.995 => format!("{value:.2}"),
        9.995..99.95 => format!("{value:.1}"),
        _ => {
            let digits = (value.max(1.0).log10().floor() as i32 - 2).max(0);
            let unit = 10_f64.powi(digits);
            grouped(((value / unit).round() * unit) as u64)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let cases =
            [(0, "0"), (999, "999"), (1_000, "1,000"), (u64::MAX, "18,446,744,073,709,551,615")];
        for (number, text) in cases {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(counted(1, "run"), "1 run");
        assert_eq!(counted(1_200, "run"), "1,200 runs");
    }

    #[test]
    fn spans_have_at_most_two_units() {
        let second = 1_000_000_000;
        let cases = [
            (0, "0 s", "0.000 s"),
            (250_000, "250 µs", "0.000 s"),
            (250_000_000, "250 ms", "0.250 s"),
            (29_800_000_000, "29.8 s", "29.800 s"),
            (310 * second, "5 min 10 s", "310.000 s"),
            ((31 * 60 + 12) * 60 * second, "31 h 12 min", "31:12:00.000"),
            (55 * 3_600 * second, "2 d 7 h", "55:00:00.000"),
        ];
        for (ns, as_span, as_instant) in cases {
            assert_eq!((span(ns).as_str(), instant(ns).as_str()), (as_span, as_instant));
        }
    }

    #[test]
    fn rates_have_three_digits_that_count() {
        let cases = [
            (0.0, "0.00"),
            (0.04, "0.04"),
            (7.125, "7.12"),
            (9.999, "10.0"),
            (31.45, "31.4"),
            (99.96, "100"),
            (999.6, "1,000"),
            (12_345.6, "12,300"),
            (f64::NAN, "0"),
        ];
        for (value, text) in cases {
            assert_eq!(rate(value), text);
        }
    }
}
