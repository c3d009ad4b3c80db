//! Run logs read from outside the cluster: who may, how, and what everybody else is told.

mod endpoint;
mod requests;
mod resource;
mod scene;
