//! The rows of the tables of endpoints.
//!
//! Owns the shape of a row and its methods. Each table has endpoints of its own type, and a rule of its own for
//! names in paths. Runs on the connections' threads.

/// A path, its endpoint, and the methods that it supports.
pub struct Route<E> {
    /// The path, which is also the value of the metric label `handler` unless its table says otherwise.
    pub pattern: &'static str,
    /// The methods.
    pub methods: &'static [&'static str],
    /// The endpoint.
    pub endpoint: E,
}

impl<E> Route<E> {
    /// The endpoint at `pattern`, with the methods that it supports.
    pub const fn new(pattern: &'static str, methods: &'static [&'static str], endpoint: E) -> Self {
        Route {
            pattern,
            methods,
            endpoint,
        }
    }

    /// Whether the endpoint supports a method.
    pub fn takes(&self, method: &str) -> bool {
        self.methods.contains(&method)
    }
}
