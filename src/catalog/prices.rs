//! What endpoints and NAT gateways cost.

/// List prices in thousandths of a US dollar of US East (N. Virginia), as published in 2026 on AWS's pages "AWS
/// PrivateLink pricing" and "Amazon VPC pricing": an interface endpoint, for an hour in one Availability Zone.
pub const ENDPOINT_HOUR: u64 = 10;
/// An interface endpoint, for a GB, in the first petabyte of a month.
pub const ENDPOINT_GB: u64 = 10;
/// A NAT gateway, for an hour.
pub const NAT_HOUR: u64 = 45;
/// A NAT gateway, for a GB.
pub const NAT_GB: u64 = 45;
/// The hours that AWS's own calculator takes for a month.
pub const HOURS: u64 = 730;

/// Thousandths as dollars with two or three decimals; every price here is a whole number of the last.
pub fn dollars(thousandths: u64, decimals: usize) -> String {
    let (whole, rest) = (thousandths / 1000, thousandths % 1000);
    match decimals {
        3 => format!("{whole}.{rest:03}"),
        _ => format!("{whole}.{:02}", rest / 10),
    }
}

/// What so many of something come to in a month, in thousandths of a dollar.
pub fn month(hour: u64, count: usize) -> u64 {
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    hour.saturating_mul(HOURS).saturating_mul(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_exact() {
        let month = |hour, count| dollars(month(hour, count), 2);
        assert_eq!(month(ENDPOINT_HOUR, 1), "7.30");
        assert_eq!(month(ENDPOINT_HOUR, 6), "43.80");
        assert_eq!(month(NAT_HOUR, 1), "32.85");
        assert_eq!(month(NAT_HOUR, 3), "98.55");
        assert_eq!(dollars(NAT_GB, 3), "0.045");
    }
}
