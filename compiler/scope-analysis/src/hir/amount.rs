//! Amounts as a person writes them: 2147483648 bytes → `2GiB`, 90 seconds → `90s`.

use super::Type;

const DURATIONS: [(u64, &str); 7] = [
    (86_400_000_000_000, "d"),
    (3_600_000_000_000, "h"),
    (60_000_000_000, "min"),
    (1_000_000_000, "s"),
    (1_000_000, "ms"),
    (1_000, "us"),
    (1, "ns"),
];
const SIZES: [(u64, &str); 9] = [
    (1 << 40, "TiB"),
    (1_000_000_000_000, "TB"),
    (1 << 30, "GiB"),
    (1_000_000_000, "GB"),
    (1 << 20, "MiB"),
    (1_000_000, "MB"),
    (1 << 10, "KiB"),
    (1_000, "kB"),
    (1, "B"),
];
const RATES: [(u64, &str); 4] = [(1_000_000_000, "Gbps"), (1_000_000, "Mbps"), (1_000, "kbps"), (1, "bps")];

/// An amount of a type, in what its values count: nanoseconds, bytes, bits per second, hundredths; a plain number otherwise.
#[must_use]
pub fn amount_text(ty: &Type, amount: f64) -> String {
    match ty {
        Type::Duration => whole(amount.round() as i128, &DURATIONS, "s"),
        Type::Size => whole(amount.round() as i128, &SIZES, "B"),
        Type::Rate => whole(amount.round() as i128, &RATES, "bps"),
        Type::Percent => format!("{amount}%"),
        _ => amount.to_string(),
    }
}

/// Bytes, exactly: what reads the text gets the same size.
#[must_use]
pub fn size_text(bytes: u64) -> String {
    whole(bytes.into(), &SIZES, "B")
}

/// Bits per second, exactly.
#[must_use]
pub fn rate_text(bits: u64) -> String {
    whole(bits.into(), &RATES, "bps")
}

/// In the largest unit of which it is a whole number.
fn whole(amount: i128, units: &[(u64, &str)], of_none: &str) -> String {
    if amount == 0 {
        return format!("0{of_none}");
    }
    let is_whole = |factor: u64| amount % i128::from(factor) == 0;
    let (factor, unit) = units.iter().find(|(factor, _)| is_whole(*factor)).unwrap_or(&(1, ""));
    format!("{}{unit}", amount / i128::from(*factor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_written_in_the_largest_unit_of_which_it_is_whole() {
        assert_eq!(amount_text(&Type::Size, 2_147_483_648.0), "2GiB");
        assert_eq!(amount_text(&Type::Size, 1_536_000_000.0), "1536MB");
        assert_eq!(amount_text(&Type::Duration, 90e9), "90s");
        assert_eq!(amount_text(&Type::Duration, 0.0), "0s");
        assert_eq!(amount_text(&Type::Rate, 2.5e9), "2500Mbps");
        assert_eq!(amount_text(&Type::Percent, 12.5), "12.5%");
        assert_eq!(amount_text(&Type::Int, 3.0), "3");
        assert_eq!(size_text(u64::MAX), "18446744073709551615B");
    }
}
