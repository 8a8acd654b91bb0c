//! Medians, quantiles, and what was measured in pairs.

pub fn paired(values: &[f64], reference: &[f64]) -> Vec<f64> {
    values.iter().zip(reference).map(|(value, reference)| value / reference).collect()
}

/// The value below which this part of all values is.
///
/// # Panics
/// There must be a value.
pub fn quantile(values: &[f64], part: f64) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * part).round() as usize]
}

/// The median and a 95 % interval for it, by order statistics.
pub fn median(values: &[f64]) -> (f64, f64, f64) {
    let half = 0.98 / (values.len() as f64).sqrt();
    (quantile(values, 0.5), quantile(values, (0.5 - half).max(0.0)), quantile(values, (0.5 + half).min(1.0)))
}
