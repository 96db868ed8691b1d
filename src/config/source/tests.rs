//! Stories of the section `sources`.
