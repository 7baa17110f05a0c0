//! Limits on the size of a response, applied while it is built: bytes of long texts, rendered bodies, and objects in
//! lists without a size argument.
//!
//! The query cost is computed before execution and does not include these sizes. `limits.answer_bytes` limits the
//! bytes of long texts. The part of `limits.cost` that the query cost leaves over limits the rendering of bodies. A
//! multiple of `limits.cost` limits the number of objects.
//!
//! If a long text does not fit into the budget, its field fails. If the excess bytes are already in the response, or
//! if there are too many objects, an error replaces the whole response.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::{graphql::base::error::ApiError, limits::Limits};

/// Maximum number of objects in lists without a size argument, as a multiple of `limits.cost`. The query cost assumes
/// a typical length for these lists, so the budget limits their real length.
const UNSIZED_OBJECTS_PER_COST: u64 = 5;

/// Number of bytes of Markdown for which one rendering of a body costs 1. Rendering means conversion to HTML or plain
/// text, or counting words.
const RENDERED_BYTES_PER_COST: u64 = 512;

/// The remaining limits of one response: bytes, objects and rendering cost.
#[derive(Debug)]
pub struct ResponseBudget {
    /// `limits.answer_bytes`, for the error message.
    bytes: u64,
    /// Maximum number of objects in unsized lists, for the error message.
    objects: u64,
    bytes_left: AtomicU64,
    objects_left: AtomicU64,
    /// `limits.cost`, for the error message.
    cost: u64,
    /// The part of `limits.cost` that is left for rendering bodies.
    cost_left: AtomicU64,
    has_rendered: AtomicBool,
    exceeded: AtomicBool,
    /// A field must hold this lock while it compares two revisions, so that at most two whole bodies are in memory
    /// for the diffs of a response.
    pub diff_lock: tokio::sync::Mutex<()>,
}

impl ResponseBudget {
    /// Creates the budget of a response. `cost` is the cost of the query.
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

    /// Reserves space for a text of `bytes` bytes. Fails if too little space is left. If producing the text takes
    /// time, call this function before the text is produced. A failed reservation takes no space, so a shorter text
    /// may still fit.
    pub fn reserve_bytes(&self, bytes: usize) -> Result<(), ApiError> {
        try_subtract(&self.bytes_left, bytes).then_some(()).ok_or_else(|| {
            ApiError::too_large(format!("{}: request fewer of them at a time", self.byte_limit_message()))
        })
    }

    /// Reserves space and rendering cost for a body of `bytes` bytes of Markdown. `forms` is the number of forms in
    /// which the response contains the body (Markdown, HTML, plain text). `renderings` is the number of renderings,
    /// including word counts. Fails and reserves nothing if too little space or cost is left.
    pub fn reserve_body(&self, bytes: usize, forms: usize, renderings: usize) -> Result<(), ApiError> {
        let spent = bytes.saturating_mul(forms);
        self.reserve_bytes(spent)?;
        let result = self.reserve_rendering(bytes, renderings);
        if result.is_err() {
            self.bytes_left.fetch_add(spent as u64, Ordering::Relaxed);
        }
        result
    }

    /// Reserves the cost of `forms` renderings of a body of `bytes` bytes of Markdown. Fails if too little cost is
    /// left. The first rendering in a response always succeeds, because otherwise a long body could never be read.
    fn reserve_rendering(&self, bytes: usize, forms: usize) -> Result<(), ApiError> {
        let fits =
            try_subtract(&self.cost_left, bytes.div_ceil(RENDERED_BYTES_PER_COST as usize).saturating_mul(forms));
        let is_first = forms > 0 && !self.has_rendered.swap(true, Ordering::Relaxed);
        if fits || is_first {
            return Ok(());
        }
        Err(ApiError::too_large(format!(
            "the query costs more than {} (limits.cost); rendering a body as HTML or plain text, or counting its \
             words, costs 1 for every {RENDERED_BYTES_PER_COST} bytes of its Markdown: request fewer bodies at a time, \
             or their Markdown",
            self.cost
        )))
    }

    /// Subtracts bytes that are in the response without a reservation. If too few bytes are left, an error replaces
    /// the response.
    pub fn charge_bytes(&self, bytes: usize) {
        if !try_subtract(&self.bytes_left, bytes) {
            self.exceeded.store(true, Ordering::Relaxed);
        }
    }

    /// Reserves a number of objects for a list. Returns false if too few are left; an error then replaces the
    /// response.
    pub fn reserve_list(&self, objects: usize) -> bool {
        let fits = try_subtract(&self.objects_left, objects);
        if !fits {
            self.exceeded.store(true, Ordering::Relaxed);
        }
        fits
    }

    /// Returns the error that replaces the response; None if the response is within its limits.
    pub fn error(&self) -> Option<ApiError> {
        let exceeded = self.exceeded.load(Ordering::Relaxed);
        exceeded.then(|| {
            ApiError::too_large(format!(
                "{}, or more than {} objects in lists without a page size, such as topics \
                 ({UNSIZED_OBJECTS_PER_COST} times limits.cost): request less at a time",
                self.byte_limit_message(),
                self.objects
            ))
        })
    }

    fn byte_limit_message(&self) -> String {
        format!("the response has more than {} bytes of long texts (limits.answer_bytes)", self.bytes)
    }
}

/// Subtracts from a counter. Returns false and subtracts nothing if the counter is too low.
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
        assert!(budget.error().is_none(), "a failed reservation fails only its field");
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
        assert!(renders(1 << 20, 0), "Markdown alone needs no rendering");
        assert!(renders(1 << 20, 1), "the first rendering always fits");
        assert!(renders(513, 1) && renders(1, 1) && !renders(1, 1) && budget.error().is_none());
        let budget = ResponseBudget::new(&Limits { answer_bytes: 1000, cost: 1, ..Limits::default() }, 0);
        assert!(
            budget.reserve_body(100, 1, 1).is_ok() && budget.reserve_body(900, 1, 1).is_err(),
            "the second rendering costs too much"
        );
        assert!(budget.reserve_body(900, 1, 0).is_ok(), "and its bytes are released");
    }
}
