//! The step budget: how much work is done before other work gets its turn.
//!
//! PURE. Owns the count. The engine has no clock, so work that can take long counts its steps and stops when
//! the budget is used up. The caller reads the clock and decides whether the work continues. Runs on the
//! dispatch thread.

/// The number of steps that are left.
#[derive(Clone, Copy, Debug)]
pub struct StepBudget(usize);

impl StepBudget {
    /// A budget of this many steps.
    pub fn new(steps: usize) -> Self {
        StepBudget(steps)
    }

    /// A budget without a limit, for work that must not be interrupted.
    pub fn without_end() -> Self {
        StepBudget(usize::MAX)
    }

    /// Takes this many steps, or all that are left if they are fewer.
    pub fn take(&mut self, steps: usize) {
        self.0 = self.0.saturating_sub(steps);
    }

    /// The number of steps left.
    pub fn left(self) -> usize {
        self.0
    }

    /// Whether no step is left.
    pub fn are_used_up(self) -> bool {
        self.0 == 0
    }
}
