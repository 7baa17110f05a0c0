//! Value axis of a chart: round tick values, and short texts for them.

/// Maximum number of steps between zero and the end of an axis.
const MAX_STEPS: f64 = 4.0;

/// An axis from zero to a round number.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    /// The tick values, from zero to the end of the axis.
    pub ticks: Vec<u64>,
}

impl Scale {
    /// Creates an axis that reaches at least to a value. Ticks are whole numbers: 1, 2 or 5 times a power of ten apart.
    pub fn up_to(value: u64) -> Self {
        let value = value.max(1);
        let power = 10_f64.powf((value as f64 / MAX_STEPS).log10().floor()).max(1.0);
        let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
        let step = steps.into_iter().find(|step| value as f64 / step <= MAX_STEPS).unwrap_or(10.0 * power) as u64;
        Self { ticks: (0..=value.div_ceil(step)).map(|index| index * step).collect() }
    }

    /// Returns where a value is on the axis, from 0 (zero) to 1 (the end).
    pub fn fraction(&self, value: f64) -> f64 {
        value / self.ticks.last().copied().unwrap_or(1).max(1) as f64
    }
}

/// Returns a tick value as a short text: `500`, `2k`, `1.5M`.
pub fn short(value: u64) -> String {
    let scaled = |unit: u64, letter: &str| {
        let text = format!("{:.1}", value as f64 / unit as f64);
        format!("{}{letter}", text.trim_end_matches(".0"))
    };
    match value {
        0..1000 => value.to_string(),
        1000..1_000_000 => scaled(1000, "k"),
        _ => scaled(1_000_000, "M"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_round_ticks_and_reaches_the_value() {
        for (value, ticks) in [
            (0, vec![0, 1]),
            (1, vec![0, 1]),
            (3, vec![0, 1, 2, 3]),
            (5, vec![0, 2, 4, 6]),
            (21, vec![0, 10, 20, 30]),
            (100, vec![0, 50, 100]),
            (1001, vec![0, 500, 1000, 1500]),
            (12_694, vec![0, 5000, 10_000, 15_000]),
        ] {
            assert_eq!(Scale::up_to(value).ticks, ticks, "{value}");
        }
        for value in (1..5000).chain([u64::from(u32::MAX)]) {
            let Scale { ticks } = Scale::up_to(value);
            assert!(ticks.len() <= 6 && *ticks.last().unwrap() >= value, "{value}: {ticks:?}");
        }
    }

    #[test]
    fn ticks_are_short() {
        assert_eq!([0, 999, 1000, 1500, 20_000, 2_500_000].map(short), ["0", "999", "1k", "1.5k", "20k", "2.5M"]);
    }
}
