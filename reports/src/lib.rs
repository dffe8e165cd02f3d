//! Rendering of records. A report sees records only; it knows no target and runs nothing.
