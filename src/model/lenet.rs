//! LeNet-5.

use crate::prelude::*;

crate::network! {
    /// LeNet-5 for 28×28 digits, in the modern form: ReLU and max pooling (after LeCun et al. 1998,
    /// "Gradient-based learning applied to document recognition", which has trainable subsampling and tanh).
    ///
    /// # Shapes
    /// 1×28×28 → 10 logits; 61,706 parameters.
    ///
    /// ```
    /// use convnet::prelude::*;
    /// use convnet::model::LeNet5;
    /// const _: () = assert!(LeNet5::PARAMS == 61_706);
    /// const _: () = assert!(LeNet5::MACS == 416_520);
    /// println!("{}", LeNet5::new(1));
    /// ```
    pub struct LeNet5: Chw<1, 28, 28> => Flat<10> {
        conv1: Conv2d { filters: 6, kernel: 5, padding: 2 },
        relu1: Relu,
        pool1: MaxPool2d { kernel: 2 },
        conv2: Conv2d { filters: 16, kernel: 5 },
        relu2: Relu,
        pool2: MaxPool2d { kernel: 2 },
        flatten: Flatten,
        fc1: Dense { units: 120 },
        relu3: Relu,
        fc2: Dense { units: 84 },
        relu4: Relu,
        fc3: Dense { units: 10 },
    }
}
