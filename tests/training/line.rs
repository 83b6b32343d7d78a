//! A network of one weight and one bias.

use convnet::prelude::*;

network! {
    /// One value in, one out.
    pub struct Line: Flat<1> => Flat<1> {
        fc: Dense { units: 1 },
    }
}
