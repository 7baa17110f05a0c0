//! Geographic distance: finds the places within a radius of a point, by the haversine formula (great circle).
//!
//! Latitudes and longitudes are degrees in WGS 84. The Earth is treated as a sphere with the IUGG mean radius.
//! `check` refuses coordinates and distances that are out of range.

use roaring::RoaringBitmap;
use serde::Serialize;

use super::error::FilterError;
use crate::{catalog::store::vocabulary::Vocabulary, journal::PlaceImage};

/// Mean radius of the Earth in kilometres: R1 of the International Union of Geodesy and Geophysics (Moritz 2000).
const EARTH_RADIUS_KM: f64 = 6371.0088;

/// A circle on the globe: a point, and a radius that is measured along a great circle.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Near {
    /// Degrees north of the equator (WGS 84), -90 to 90.
    pub latitude: f64,
    /// Degrees east of Greenwich (WGS 84), -180 to 180.
    pub longitude: f64,
    /// The radius in kilometres.
    pub kilometres: f64,
}

impl Near {
    pub(in crate::catalog) fn check(&self) -> Result<(), FilterError> {
        let error = |field: &str, message: String| Err(FilterError::invalid(message).at(field));
        if !(-90.0..=90.0).contains(&self.latitude) {
            return error(
                "latitude",
                format!("latitude must be between -90 and 90 degrees north, got {}", self.latitude),
            );
        }
        if !(-180.0..=180.0).contains(&self.longitude) {
            return error(
                "longitude",
                format!("longitude must be between -180 and 180 degrees east, got {}", self.longitude),
            );
        }
        if !(self.kilometres >= 0.0 && self.kilometres.is_finite()) {
            return error("kilometres", format!("kilometres must be 0 or more, got {}", self.kilometres));
        }
        Ok(())
    }

    /// Returns the places whose location is within the radius. Places without a location never match.
    pub(in crate::catalog) fn places(&self, places: &Vocabulary<PlaceImage>) -> RoaringBitmap {
        let near = |&number: &u32| {
            let location = places.get(number).location;
            location.is_some_and(|at| great_circle((self.latitude, self.longitude), at) <= self.kilometres)
        };
        (0..places.len() as u32).filter(near).collect()
    }
}

/// Returns the distance in kilometres between two points (latitude, longitude in degrees), by the haversine formula
/// on a sphere. The distance on the ellipsoid differs by at most 0.6 %.
pub(in crate::catalog) fn great_circle(a: (f64, f64), b: (f64, f64)) -> f64 {
    let (north, east) = ((b.0 - a.0).to_radians(), (b.1 - a.1).to_radians());
    let half =
        (north / 2.0).sin().powi(2) + a.0.to_radians().cos() * b.0.to_radians().cos() * (east / 2.0).sin().powi(2);
    2.0 * EARTH_RADIUS_KM * half.clamp(0.0, 1.0).sqrt().asin()
}

#[cfg(test)]
mod tests {
    use super::great_circle;

    #[test]
    fn great_circle_distances_match_known_values() {
        let known = [
            // A quarter of a meridian, and half of the equator, on a sphere with the radius `EARTH_RADIUS_KM`.
            ((0.0, 0.0), (90.0, 0.0), 10_007.557),
            ((0.0, -90.0), (0.0, 90.0), 20_015.115),
            // One degree of longitude across the date line.
            ((0.0, 179.5), (0.0, -179.5), 111.195),
        ];
        for (a, b, kilometres) in known {
            assert!((great_circle(a, b) - kilometres).abs() < 0.001, "{a:?} {b:?} {}", great_circle(a, b));
            assert!((great_circle(a, b) - great_circle(b, a)).abs() < 1e-9);
        }
        // Phnom Penh to Bangkok: 532 km by the atlas.
        assert!((great_circle((11.5625, 104.916), (13.7525, 100.494)) - 536.0).abs() < 6.0);
    }
}
