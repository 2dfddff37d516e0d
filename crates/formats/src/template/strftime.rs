//! The part of C's `strftime` that templates use, for UTC.

use minijinja::{Error, ErrorKind};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];

/// Year, month 1 to 12 and day 1 to 31 of a day counted from 1970-01-01 (Howard Hinnant, `civil_from_days`).
#[allow(clippy::arithmetic_side_effects, reason = "days is within ±10⁷")]
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days.clamp(-10_000_000, 10_000_000) + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + i64::from(month <= 2);
    (year, month, doy - (153 * mp + 2) / 5 + 1)
}

pub(super) fn strftime(unix: i64, format: &str) -> Result<String, Error> {
    let (days, second) = (unix.div_euclid(86_400), unix.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let name =
        |list: &[&'static str], i: i64| usize::try_from(i).ok().and_then(|i| list.get(i).copied()).unwrap_or_default();
    let month_name = name(&MONTHS, month.saturating_sub(1));
    let day_name = name(&DAYS, days.rem_euclid(7));
    let mut out = String::new();
    let mut chars = format.chars().take(256);
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('Y') => out += &format!("{year:04}"),
            Some('y') => out += &format!("{:02}", year.rem_euclid(100)),
            Some('m') => out += &format!("{month:02}"),
            Some('d') => out += &format!("{day:02}"),
            Some('e') => out += &format!("{day:2}"),
            Some('B') => out += month_name,
            Some('b') => out += month_name.get(..3).unwrap_or_default(),
            Some('A') => out += day_name,
            Some('a') => out += day_name.get(..3).unwrap_or_default(),
            Some('H') => out += &format!("{:02}", second.div_euclid(3600)),
            Some('M') => out += &format!("{:02}", second.div_euclid(60).rem_euclid(60)),
            Some('S') => out += &format!("{:02}", second.rem_euclid(60)),
            Some('%') => out.push('%'),
            other => {
                let message = format!("strftime_now does not know %{}", other.unwrap_or(' '));
                return Err(Error::new(ErrorKind::InvalidOperation, message));
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::strftime;

    #[test]
    fn known_moments() {
        assert_eq!(strftime(0, "%A %d %B %Y %H:%M:%S").unwrap(), "Thursday 01 January 1970 00:00:00");
        assert_eq!(strftime(1_709_164_799, "%a %d %b %Y %H:%M:%S").unwrap(), "Wed 28 Feb 2024 23:59:59");
        assert_eq!(strftime(1_709_251_199, "%d %b %y").unwrap(), "29 Feb 24");
        assert!(strftime(0, "%q").is_err());
    }
}
