//! Response size limit: counts the bytes of long texts, rendered bodies and unsized lists while a response is built.
//!
//! Covers what the query cost cannot know before execution. Inputs are `limits.answer_bytes`, `limits.cost` and the
//! cost that was charged already. A text that does not fit fails its field; an overrun found too late replaces the
//! whole response.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::{graphql::base::error::ApiError, limits::Limits};

/// Objects in lists without a size, to every one that a query may cost: they are priced by what is usual.
const UNSIZED_OBJECTS_PER_COST: u64 = 5;

/// Bytes of a body that cost 1 each time that it is rendered: as HTML, as plain text, or to count its words.
const RENDERED_BYTES_PER_COST: u64 = 512;

/// What is left of what an answer may hold.
#[derive(Debug)]
pub struct ResponseBudget {
    bytes: u64,
    objects: u64,
    bytes_left: AtomicU64,
    objects_left: AtomicU64,
    /// What is left of `limits.cost` for rendering bodies.
    cost: u64,
    cost_left: AtomicU64,
    has_rendered: AtomicBool,
    exceeded: AtomicBool,
    /// Held while two versions are compared, so that an answer holds no more than two whole bodies for that.
    pub diff_lock: tokio::sync::Mutex<()>,
}

impl ResponseBudget {
    /// What the limits allow the answer to a query of some cost.
    pub fn new(limits: &Limits, cost: u64) -> Self {
        let (bytes, objects) = (limits.answer_bytes, limits.cost.saturating_mul(UNSIZED_OBJECTS_PER_COST));
        Self {
            bytes,
            objects,
            bytes_left: AtomicU64::new(bytes),
            objects_left: AtomicU64::new(objects),
            cost: limits.cost,
            cost_left: AtomicU64::new(limits.cost.saturating_sub(cost)),
            has_rendered: AtomicBool::new(false),
            exceeded: AtomicBool::new(false),
            diff_lock: tokio::sync::Mutex::default(),
        }
    }

    /// The answer is to hold a text of so many bytes; an error where that is too much. To be called before a text is made, where
    /// making it takes time. What was refused is not counted: a shorter text may still fit.
    pub fn reserve_bytes(&self, bytes: usize) -> Result<(), ApiError> {
        try_subtract(&self.bytes_left, bytes)
            .then_some(())
            .ok_or_else(|| ApiError::too_large(self.byte_limit_message()))
    }

    /// A body of so many bytes is to be in the answer in so many forms, of which so many are rendered, or its words are counted. An
    /// error where it is too long or costs too much; then it counts for neither.
    pub fn reserve_body(&self, bytes: usize, forms: usize, renderings: usize) -> Result<(), ApiError> {
        let spent = bytes.saturating_mul(forms);
        self.reserve_bytes(spent)?;
        let result = self.reserve_rendering(bytes, renderings);
        if result.is_err() {
            self.bytes_left.fetch_add(spent as u64, Ordering::Relaxed);
        }
        result
    }

    /// A body of so many bytes is to be rendered in so many forms; an error where that costs too much. The first body of an
    /// answer always fits: else a long one could not be read at all.
    fn reserve_rendering(&self, bytes: usize, forms: usize) -> Result<(), ApiError> {
        let fits =
            try_subtract(&self.cost_left, bytes.div_ceil(RENDERED_BYTES_PER_COST as usize).saturating_mul(forms));
        let is_first = forms > 0 && !self.has_rendered.swap(true, Ordering::Relaxed);
        if fits || is_first {
            return Ok(());
        }
        Err(ApiError::too_large(format!(
            "the query costs more than {} (limits.cost): each body in HTML, in plain text or as a number of words costs 1 for every \
             {RENDERED_BYTES_PER_COST} bytes of its Markdown: ask for fewer at a time, or for the Markdown",
            self.cost
        )))
    }

    /// The answer holds so many bytes more than was thought.
    pub fn charge_bytes(&self, bytes: usize) {
        if !try_subtract(&self.bytes_left, bytes) {
            self.exceeded.store(true, Ordering::Relaxed);
        }
    }

    /// The answer is to hold a list of so many objects; false where that is too much, and the answer is not to be given.
    pub fn reserve_list(&self, objects: usize) -> bool {
        let fits = try_subtract(&self.objects_left, objects);
        if !fits {
            self.exceeded.store(true, Ordering::Relaxed);
        }
        fits
    }

    /// Why the answer is not to be given, if it is not.
    pub fn error(&self) -> Option<ApiError> {
        let exceeded = self.exceeded.load(Ordering::Relaxed);
        exceeded.then(|| {
            ApiError::too_large(format!(
                "{}, or more than {} topics, places and the like in lists of any length ({UNSIZED_OBJECTS_PER_COST} times limits.cost)",
                self.byte_limit_message(),
                self.objects
            ))
        })
    }

    fn byte_limit_message(&self) -> String {
        format!(
            "the answer has more than {} bytes of long texts (limits.answer_bytes): ask for fewer of them at a time",
            self.bytes
        )
    }
}

/// Takes from what is left; false where it is not enough, and then nothing is taken.
fn try_subtract(left: &AtomicU64, count: usize) -> bool {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(count as u64)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oversized_texts_are_rejected_and_an_exceeded_budget_fails_the_response() {
        let budget = ResponseBudget::new(&Limits { answer_bytes: 100, cost: 2, ..Limits::default() }, 0);
        assert!(
            budget.reserve_bytes(90).is_ok() && budget.reserve_bytes(20).is_err() && budget.reserve_bytes(10).is_ok()
        );
        assert!(budget.error().is_none(), "what was refused was told where it would have been");
        assert!(
            budget.reserve_list(4) && budget.reserve_list(6) && budget.error().is_none() && !budget.reserve_list(1)
        );
        assert!(budget.error().is_some());
        let budget = ResponseBudget::new(&Limits { answer_bytes: 100, ..Limits::default() }, 0);
        budget.charge_bytes(100);
        assert!(budget.error().is_none());
        budget.charge_bytes(1);
        assert!(budget.error().is_some());
        let budget = ResponseBudget::new(&Limits { cost: 10, ..Limits::default() }, 7);
        let renders = |bytes, forms| budget.reserve_rendering(bytes, forms).is_ok();
        assert!(renders(1 << 20, 0), "Markdown alone is not rendered");
        assert!(renders(1 << 20, 1), "the first always fits");
        assert!(renders(513, 1) && renders(1, 1) && !renders(1, 1) && budget.error().is_none());
        let budget = ResponseBudget::new(&Limits { answer_bytes: 1000, cost: 1, ..Limits::default() }, 0);
        assert!(
            budget.reserve_body(100, 1, 1).is_ok() && budget.reserve_body(900, 1, 1).is_err(),
            "the second costs too much"
        );
        assert!(budget.reserve_body(900, 1, 0).is_ok(), "and does not count");
    }
}
