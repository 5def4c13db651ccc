//! Medians: one odd run must not make a figure.

/// The middle one of some figures, or between the two in the middle; not a number where there are none.
pub fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.into_iter().collect();
    figures.sort_by(f64::total_cmp);
    match figures.len() {
        0 => f64::NAN,
        n => f64::midpoint(figures[(n - 1) / 2], figures[n / 2]),
    }
}

/// The median of the ratios of figures that were measured one beside the other.
pub fn paired_ratio(ours: &[f64], theirs: &[f64]) -> f64 {
    median(ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_found() {
        assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median([]).is_nan());
    }

    #[test]
    fn a_ratio_is_of_what_was_measured_together() {
        // The machine was three times as slow in the second round: the ratio does not care.
        assert_eq!(paired_ratio(&[2.0, 6.0, 2.0], &[1.0, 3.0, 1.0]), 2.0);
    }
}
