//! Killed anywhere: real processes, ended with SIGKILL at moments drawn from a seed, then run again. The contacts must
//! end as those of a run that nobody disturbed, and the run after that must write nothing.

mod base;
mod moments;
mod runs;
mod together;
mod trial;
