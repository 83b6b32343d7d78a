//! Promise: what the cache holds under a file's name is whole and checked, whatever the network or a kill did.
#![cfg(feature = "download")]

mod cached;
mod child;
mod environment;
mod mirror;
mod mirrors;
mod processes;
mod resume;
mod room;
