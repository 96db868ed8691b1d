//! How much may be done before others get their turn.
//!
//! PURE. Owns the count. The engine has no clock, so what may take long counts its steps and stops
//! where they are used up; whoever called it reads the clock, and lets it go on or not. Runs on the
//! dispatch thread.

/// Steps that are left.
#[derive(Clone, Copy, Debug)]
pub struct StepBudget(usize);

impl StepBudget {
    /// This many.
    pub fn new(steps: usize) -> Self {
        StepBudget(steps)
    }

    /// For what is done in one piece.
    pub fn without_end() -> Self {
        StepBudget(usize::MAX)
    }

    /// Takes some of them, or all if there are fewer.
    pub fn take(&mut self, steps: usize) {
        self.0 = self.0.saturating_sub(steps);
    }

    /// How many are left.
    pub fn left(self) -> usize {
        self.0
    }

    /// Whether none is left.
    pub fn are_used_up(self) -> bool {
        self.0 == 0
    }
}
