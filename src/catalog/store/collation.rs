//! Collation of labels: sort keys in the CLDR root order (UTS #10) for names, ignoring case and accents.

use std::sync::LazyLock;

use icu_collator::{CollatorBorrowed, CollatorPreferences, options::CollatorOptions};
use search::fold;

/// Collator for the CLDR root order (UTS #10), the order for text whose language is unknown.
static ROOT_COLLATOR: LazyLock<CollatorBorrowed<'static>> = LazyLock::new(|| {
    // The data is compiled in, so it cannot be missing.
    CollatorBorrowed::try_new(CollatorPreferences::default(), CollatorOptions::default())
        .expect("the root collation is compiled in")
});

/// Sort key of a label: first the collation key of the folded label (CLDR root order), then the folded label itself.
/// The second part ensures that two keys are equal only if the folded labels are equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LabelSortKey {
    key: Vec<u8>,
    folded: String,
}

impl LabelSortKey {
    /// Returns the sort key of a label. The label and its folded form have the same sort key.
    pub fn of(label: &str) -> Self {
        let folded = fold(label);
        let mut key = Vec::with_capacity(folded.len() * 2);
        let Ok(()) = ROOT_COLLATOR.write_sort_key_to(&folded, &mut key);
        Self { key, folded }
    }

    /// Returns the folded label that the sort key contains.
    pub fn into_folded(self) -> String {
        self.folded
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn labels_sort_by_the_root_collation() {
        let ordered = [
            "1",
            "10",
            "A b",
            "a-b",
            "Ab",
            "Đà Nẵng",
            "Dresden",
            "Łódź",
            "Lyon",
            "Zürich",
            "Ἀθῆναι",
            "Жуковка",
            "Ірпінь",
            "Київ",
            "Яготин",
            "باريس",
            "پاریس",
            "تهران",
            "あ",
            "ア",
            "い",
            "北京",
        ];
        let mut sorted = ordered.to_vec();
        sorted.reverse();
        sorted.sort_by_cached_key(|label| LabelSortKey::of(label));
        assert_eq!(sorted, ordered);
    }

    proptest! {
        #[test]
        fn a_label_and_its_folded_form_have_the_same_sort_key(text in any::<String>()) {
            prop_assert_eq!(LabelSortKey::of(&text), LabelSortKey::of(&fold(&text)));
        }

        #[test]
        fn sort_keys_are_equal_only_for_equal_folded_texts(mut labels in prop::collection::vec("[a-dÀ-ſαβあアคำ一 '-]{0,4}|.{0,3}", 0..12)) {
            labels.sort_by_cached_key(|label| LabelSortKey::of(label));
            for pair in labels.windows(2) {
                prop_assert_eq!(LabelSortKey::of(&pair[0]) == LabelSortKey::of(&pair[1]), fold(&pair[0]) == fold(&pair[1]));
            }
        }
    }
}
