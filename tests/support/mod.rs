//! Servers and makers that tests share.

pub mod misbehaving_desk;
