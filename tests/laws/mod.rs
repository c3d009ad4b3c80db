//! The laws over whole histories: a company by lot, its two connections, whatever goes wrong, and a witness.

mod company;
mod desk;
mod directory;
mod history;
mod plans;
mod play;
mod properties;
mod regressions;
mod single;
mod truth;
mod witness;
mod world;
