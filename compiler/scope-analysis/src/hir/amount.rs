//! Amounts as a person writes them: 2147483648 bytes → `2GiB`, 90 seconds → `90s`.

use scope_syntax::units::{self, Dimension};

use super::Type;

/// Durations count nanoseconds, of which the table's base unit has so many.
const PER_SECOND: f64 = 1e9;

/// An amount of a type, in what its values count: nanoseconds, bytes, bits per second, hundredths; a plain number otherwise.
#[must_use]
pub fn amount_text(ty: &Type, amount: f64) -> String {
    match ty {
        Type::Duration => whole(amount.round() as i128, Dimension::Duration, "s"),
        Type::Size => whole(amount.round() as i128, Dimension::Size, "B"),
        Type::Rate => whole(amount.round() as i128, Dimension::Rate, "bps"),
        Type::Percent => format!("{amount}%"),
        _ => amount.to_string(),
    }
}

/// Bytes, exactly: what reads the text gets the same size.
#[must_use]
pub fn size_text(bytes: u64) -> String {
    whole(bytes.into(), Dimension::Size, "B")
}

/// Bits per second, exactly.
#[must_use]
pub fn rate_text(bits: u64) -> String {
    whole(bits.into(), Dimension::Rate, "bps")
}

/// In the largest unit of which it is a whole number.
fn whole(amount: i128, dimension: Dimension, of_none: &str) -> String {
    if amount == 0 {
        return format!("0{of_none}");
    }
    let per_base = if dimension == Dimension::Duration { PER_SECOND } else { 1.0 };
    let mut units = units::of(dimension).map(|(unit, factor)| (unit, (factor * per_base).round() as i128));
    let (unit, factor) = units.find(|(_, factor)| amount % factor == 0).unwrap_or(("", 1));
    format!("{}{unit}", amount / factor)
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
