//! The real Alertmanager's tools beside our code.
//!
//! - `templates`: what amtool renders is what templates.txt says

mod templates;
