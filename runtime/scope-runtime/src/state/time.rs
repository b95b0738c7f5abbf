//! The calendar: a moment for people, in the one time that machines on different sites share.
//!
//! `utc(1_700_000_000_000)` → `2023-11-14 22:13:20 UTC`

/// Milliseconds since 1970 as a date and a time of day.
pub fn utc(ms: u64) -> String {
    let seconds = ms / 1_000;
    let (year, month, day) = civil_date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// The same without anything between: `20231114T221320Z`.
pub(crate) fn compact_utc(ms: u64) -> String {
    let digits = |c: &char| c.is_ascii_digit() || *c == ' ';
    utc(ms).trim_end_matches(" UTC").chars().filter(digits).collect::<String>().replace(' ', "T") + "Z"
}

/// The date of a day counted from 1970-01-01, in the Gregorian calendar. Years begin in March here, so that the day that
/// is not always there is the last one (Hinnant's algorithm).
pub(crate) fn civil_date(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::utc;

    #[test]
    fn known_moments() {
        assert_eq!(utc(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(utc(951_782_400_000), "2000-02-29 00:00:00 UTC");
        assert_eq!(utc(1_700_000_000_999), "2023-11-14 22:13:20 UTC");
        assert_eq!(super::compact_utc(1_700_000_000_999), "20231114T221320Z");
        assert_eq!(utc(4_102_444_799_000), "2099-12-31 23:59:59 UTC");
    }
}
