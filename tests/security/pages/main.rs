//! What people wrote stays text in a browser, and no other site acts through one.

mod browser;
mod csrf;
