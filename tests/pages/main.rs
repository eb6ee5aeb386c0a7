//! Pages that the server writes itself for people who are signed in, as a browser sends their forms.

mod browser;
mod keys;
mod look;
mod pins;
